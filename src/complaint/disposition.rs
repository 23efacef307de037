//! What a part of a form is called: its name, and the name its file had on the sender's device.
//!
//! Phones and office programs write file names in the encoding of their system, unquoted, empty or
//! broken off. A name is only ever shown, so whatever cannot be read of it is left out, and the
//! part it names is still a part.

/// The names of a part.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Disposition {
    /// The field's name; empty when it has none.
    pub(super) name: String,
    /// The file's name; `None` when there is none or it is empty.
    pub(super) file_name: Option<String>,
}

/// Reads a part's names from its headers' lines. A line that opens as no header goes on with the
/// one before it: a line break in a file's name is a letter of it.
pub(super) fn of(headers: &[u8]) -> Disposition {
    const NAME: &[u8] = b"content-disposition";
    let mut value: Option<Vec<u8>> = None;
    for line in headers.split(|b| *b == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match (header(line), &mut value) {
            (Some((name, rest)), None) if name.eq_ignore_ascii_case(NAME) => {
                value = Some(rest.to_vec());
            }
            (None, Some(value)) => value.extend_from_slice(line),
            (Some(_), Some(_)) => break,
            (_, None) => {}
        }
    }
    value.map(|value| parse(&value)).unwrap_or_default()
}

/// Name and value of a line that opens as a header does.
fn header(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = line.iter().position(|b| *b == b':')?;
    let (name, rest) = line.split_at(at);
    let name = name.trim_ascii_end();
    let is_name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    (!name.is_empty() && name.iter().all(is_name))
        .then(|| (name, rest.get(1..).unwrap_or_default()))
}

/// The boundary of a form's parts, from the request's content type; `None` when it is no form or has
/// none.
pub(super) fn boundary(content_type: &[u8]) -> Option<String> {
    const FORM: &[u8] = b"multipart/form-data";
    let kind = content_type.split(|b| *b == b';').next()?;
    if !kind.trim_ascii().eq_ignore_ascii_case(FORM) {
        return None;
    }
    let mut found = parameters(content_type).into_iter();
    let (_, boundary) = found.find(|(key, _)| key == "boundary")?;
    String::from_utf8(boundary)
        .ok()
        .filter(|boundary| !boundary.is_empty())
}

fn parse(value: &[u8]) -> Disposition {
    let (mut plain, mut extended) = (None, None);
    let mut found = Disposition::default();
    for (key, value) in parameters(value) {
        match key.as_str() {
            "name" => found.name = String::from_utf8_lossy(&value).into_owned(),
            "filename" => plain = Some(readable(&value)),
            "filename*" => extended = in_utf8(&value),
            _ => {}
        }
    }
    found.file_name = extended.or(plain).filter(|name| !name.is_empty());
    found
}

/// A name in UTF-8, or else in the encoding of Chinese systems, without what cannot be read of it.
fn readable(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(name) => name.to_owned(),
        Err(_) => encoding_rs::GB18030
            .decode_without_bom_handling(bytes)
            .0
            .replace('\u{fffd}', ""),
    }
}

/// `UTF-8''%e7%85%a7.jpg` (RFC 8187).
fn in_utf8(value: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(value).ok()?;
    let (charset, rest) = text.split_once('\'')?;
    let (_language, escaped) = rest.split_once('\'')?;
    if !charset.eq_ignore_ascii_case("utf-8") {
        return None;
    }
    // A form's own way of writing has the same escapes; a plus is a plus here.
    let form = format!("n={}", escaped.replace('+', "%2B").replace('&', "%26"));
    let (_, name) = form_urlencoded::parse(form.as_bytes()).next()?;
    Some(name.into_owned())
}

/// The parameters behind the first semicolon, keys in lower case.
fn parameters(value: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut rest = behind(value, b';');
    while let Some(equals) = rest.iter().position(|b| *b == b'=') {
        let (key, value) = rest.split_at(equals);
        let key = String::from_utf8_lossy(key).trim().to_ascii_lowercase();
        let value = value.get(1..).unwrap_or_default().trim_ascii_start();
        let (text, after) = match value.strip_prefix(b"\"") {
            Some(quoted) => unquoted(quoted),
            None => {
                let end = value.iter().position(|b| *b == b';');
                let (token, after) = value.split_at(end.unwrap_or(value.len()));
                (token.trim_ascii().to_vec(), after)
            }
        };
        found.push((key, text));
        rest = behind(after, b';');
    }
    found
}

/// A quoted text without its escapes, and what stands behind it. Only a quote or a backslash is
/// ever escaped: a lone backslash is part of a path, or half of a letter in an old encoding.
fn unquoted(quoted: &[u8]) -> (Vec<u8>, &[u8]) {
    let mut text = Vec::new();
    let mut at = 0;
    while let Some(byte) = quoted.get(at) {
        match (byte, quoted.get(at + 1)) {
            (b'\\', Some(escaped @ (b'"' | b'\\'))) => {
                text.push(*escaped);
                at += 2;
            }
            (b'"', _) => {
                at += 1;
                break;
            }
            _ => {
                text.push(*byte);
                at += 1;
            }
        }
    }
    (text, quoted.get(at..).unwrap_or_default())
}

fn behind(bytes: &[u8], mark: u8) -> &[u8] {
    let at = bytes.iter().position(|b| *b == mark);
    at.and_then(|at| bytes.get(at + 1..)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(value: &[u8]) -> (String, Option<String>) {
        let found = parse(value);
        (found.name, found.file_name)
    }

    /// Forms: whatever letters a name has, the part is known by its own.
    #[test]
    fn no_letter_of_a_header_hides_a_part() {
        let of = |headers: &[u8]| {
            let found = super::of(headers);
            (found.name, found.file_name.unwrap_or_default())
        };
        let photo = |file: &str| ("photo".to_owned(), file.to_owned());
        let named = |file: &[u8]| {
            let open: &[u8] = b"X Foo: 1\r\nContent-Length: abc\r\ncontent-disposition : form-data; name=\"photo\"; filename=\"";
            [
                open,
                file,
                b"\"\r\nContent-Type: multipart/mixed; name=x\r\n\r\n",
            ]
            .concat()
        };
        for (file, read) in [
            (&b"a\x01\x07\x7fb.jpg"[..], "a\u{1}\u{7}\u{7f}b.jpg"),
            (b"a\nb.jpg", "ab.jpg"),
            (b"a\r\nb.jpg", "ab.jpg"),
            (b"a\rb.jpg", "a\rb.jpg"),
            (b"a\0.\0j\0p\0g\0", "a\0.\0j\0p\0g\0"),
            (b"\x1b$B<L??\x1b(B.jpg", "\u{1b}$B<L??\u{1b}(B.jpg"),
        ] {
            assert_eq!(of(&named(file)), photo(read), "{file:?}");
        }
        let long = "长".repeat(30_000);
        assert_eq!(of(&named(long.as_bytes())), photo(&long));
        let folded =
            b"Content-Disposition: form-data;\r\n name=\"photo\";\r\n\tfilename=\"a.jpg\"\r\n\r\n";
        assert_eq!(of(folded), photo("a.jpg"));
        assert_eq!(
            of(b"Content-Type: image/jpeg\r\n\r\n"),
            (String::new(), String::new())
        );
    }

    #[test]
    fn a_form_names_its_boundary() {
        for (sent, named) in [
            ("multipart/form-data; boundary=XbX", Some("XbX")),
            (
                "Multipart/Form-Data ; charset=utf-8; Boundary=\"a b\";",
                Some("a b"),
            ),
            (
                "multipart/form-data;boundary=----WebKit=_x(1)",
                Some("----WebKit=_x(1)"),
            ),
            ("multipart/form-data; boundary=", None),
            ("multipart/form-data", None),
            ("multipart/mixed; boundary=XbX", None),
            ("application/json", None),
        ] {
            assert_eq!(boundary(sent.as_bytes()).as_deref(), named, "{sent}");
        }
    }

    #[test]
    fn file_names_in_any_encoding_name_their_part() {
        let photo = |file: Option<&str>| ("photo".to_owned(), file.map(str::to_owned));
        let gbk = b"form-data; name=\"photo\"; filename=\"\xd5\xd5\xc6\xac.jpg\"";
        assert_eq!(names(gbk), photo(Some("照片.jpg")));
        // The second byte of this letter is a backslash.
        let half = b"form-data; name=\"photo\"; filename=\"\x95\x5c.jpg\"";
        assert!(names(half).1.is_some_and(|name| name.ends_with(".jpg")));
        for (value, file) in [
            (
                "form-data; name=\"photo\"; filename=\"照片.jpg\"",
                Some("照片.jpg"),
            ),
            ("form-data; name=photo; filename=a.jpg", Some("a.jpg")),
            ("form-data; name=\"photo\"; filename=", None),
            ("form-data; name=\"photo\"; filename=\"\"", None),
            ("form-data; name=\"photo\"; filename=\"a.jpg", Some("a.jpg")),
            (
                "form-data; name=\"photo\"; filename=\"a\\\"b;c.jpg\"",
                Some("a\"b;c.jpg"),
            ),
            (
                "form-data; name=\"photo\"; filename=\"x.jpg\"; filename*=UTF-8''%e7%85%a7+.jpg",
                Some("照+.jpg"),
            ),
            (
                "form-data; name=\"photo\"; filename=\"x.jpg\"; filename*=nonsense",
                Some("x.jpg"),
            ),
            (
                "form-data; filename=\"a.jpg\"; NAME=\"photo\"",
                Some("a.jpg"),
            ),
            ("form-data; name=\"photo\"", None),
        ] {
            assert_eq!(names(value.as_bytes()), photo(file), "{value}");
        }
    }
}
