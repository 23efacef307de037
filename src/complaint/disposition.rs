//! What the headers of a part say of it: its name, the name its file had on the sender's device, how
//! its bytes are written.
//!
//! Phones and office programs write file names in the encoding of their system, unquoted, empty or
//! broken off. A name is only ever shown, so whatever cannot be read of it is left out, and the
//! part it names is still a part.

/// What is said of a part.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Disposition {
    /// The field's name, without the brackets of a list's (`photo[]`, `photo[0]`); empty when it has
    /// none.
    pub(super) name: String,
    /// The file's name; `None` when there is none or it is empty.
    pub(super) file_name: Option<String>,
    /// Whether its bytes are written in Base64 (RFC 2045, 6.8).
    pub(super) is_base64: bool,
}

/// Reads what a part's headers say of it.
pub(super) fn of(headers: &[u8]) -> Disposition {
    let named = value_of(headers, b"content-disposition");
    let named = named.map(|value| parse(&value)).unwrap_or_default();
    let coding = value_of(headers, b"content-transfer-encoding").unwrap_or_default();
    let coding = coding.split(|b| *b == b';').next().unwrap_or_default();
    Disposition {
        is_base64: coding.trim_ascii().eq_ignore_ascii_case(b"base64"),
        ..named
    }
}

/// The value of a header among lines. A line that opens as no header goes on with the one before
/// it: a line break in a file's name is a letter of it.
fn value_of(headers: &[u8], wanted: &[u8]) -> Option<Vec<u8>> {
    let mut value: Option<Vec<u8>> = None;
    for line in headers.split(|b| *b == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match (header(line), &mut value) {
            (Some((name, rest)), None) if name.eq_ignore_ascii_case(wanted) => {
                value = Some(rest.to_vec());
            }
            (None, Some(value)) => value.extend_from_slice(line),
            (Some(_), Some(_)) => break,
            (_, None) => {}
        }
    }
    value
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

/// Whether a media type is that of a form: its own, or the one that some libraries give any body of
/// several parts.
pub(super) fn is_form(media_type: &str) -> bool {
    matches!(media_type, "multipart/form-data" | "multipart/mixed")
}

/// What the boundary of a form's parts may be, from the request's content type, the likeliest first;
/// none when it is no form or names none. Single quotes are letters of a boundary by the letter of
/// RFC 2046 and quotes by that of some clients, and a proxy joins a header that was set twice with a
/// comma: which it is, the body shows.
pub(super) fn boundaries(content_type: &[u8]) -> Vec<String> {
    let essence = content_type.split(|b| PARTING.contains(b)).next();
    let essence = String::from_utf8_lossy(essence.unwrap_or_default());
    if !is_form(essence.trim().to_ascii_lowercase().as_str()) {
        return Vec::new();
    }
    let mut found = parameters(content_type, &PARTING).into_iter();
    let named = found.find(|(key, _)| key == "boundary");
    let named = named.and_then(|(_, value)| String::from_utf8(value).ok());
    let whole = named.unwrap_or_default();
    let first = whole.split(',').next().unwrap_or_default().trim_end();
    let bare = |text: &str| {
        let inner = text.strip_prefix('\'')?.strip_suffix('\'')?;
        Some(inner.to_owned())
    };
    let (bare_whole, bare_first) = (bare(&whole), bare(first));
    let all = [
        Some(whole.clone()),
        Some(first.to_owned()),
        bare_whole,
        bare_first,
    ];
    let mut boundaries: Vec<String> = all.into_iter().flatten().collect();
    boundaries.retain(|boundary| !boundary.is_empty());
    boundaries.dedup();
    boundaries
}

/// What parts a media type from its parameters; the comma, where a client writes it so.
const PARTING: [u8; 2] = [b';', b','];

fn parse(value: &[u8]) -> Disposition {
    let (mut plain, mut extended) = (None, None);
    let mut found = Disposition::default();
    for (key, value) in parameters(value, b";") {
        match key.as_str() {
            "name" => found.name = of_list(&String::from_utf8_lossy(&value)).to_owned(),
            "filename" => plain = Some(readable(&value)),
            "filename*" => extended = in_utf8(&value),
            _ => {}
        }
    }
    found.file_name = extended.or(plain).filter(|name| !name.is_empty());
    found
}

/// The name of a field whose items are numbered or not: `photo[]`, `photo[0]`.
fn of_list(name: &str) -> &str {
    let list = name
        .strip_suffix(']')
        .and_then(|open| open.rsplit_once('['));
    match list {
        Some((list, at)) if at.bytes().all(|b| b.is_ascii_digit()) => list,
        _ => name,
    }
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

/// The parameters behind the first of the signs that part them from what they are of, keys in lower
/// case.
fn parameters(value: &[u8], parting: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut rest = behind(value, parting);
    while let Some(equals) = rest.iter().position(|b| *b == b'=') {
        let (key, value) = rest.split_at(equals);
        // What stands before the last sign has no value and is no parameter.
        let key = key
            .rsplit(|b| PARTING.contains(b))
            .next()
            .unwrap_or_default();
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
        rest = behind(after, b";");
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

fn behind<'a>(bytes: &'a [u8], marks: &[u8]) -> &'a [u8] {
    let at = bytes.iter().position(|b| marks.contains(b));
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
        let cases: [(&str, &[&str]); 16] = [
            ("multipart/form-data; boundary=XbX", &["XbX"]),
            (
                "Multipart/Form-Data ; charset=utf-8; Boundary=\"a b\";",
                &["a b"],
            ),
            (
                "multipart/form-data;boundary=----WebKit=_x(1)",
                &["----WebKit=_x(1)"],
            ),
            ("multipart/form-data; boundary='XbX'", &["'XbX'", "XbX"]),
            ("multipart/form-data; boundary=\"'XbX'\"", &["'XbX'", "XbX"]),
            ("multipart/form-data, boundary=XbX", &["XbX"]),
            ("multipart/form-data , boundary=\"XbX\"", &["XbX"]),
            (
                "multipart/form-data; boundary=XbX, multipart/form-data; boundary=XbX",
                &["XbX, multipart/form-data", "XbX"],
            ),
            (
                "multipart/form-data, multipart/form-data; boundary='a'",
                &["'a'", "a"],
            ),
            ("multipart/mixed; boundary=XbX", &["XbX"]),
            ("multipart/form-data; boundary=a,b", &["a,b", "a"]),
            ("multipart/form-data; boundary=", &[]),
            ("multipart/form-data; boundary=''", &["''"]),
            ("multipart/form-data", &[]),
            ("multipart/related; boundary=XbX", &[]),
            ("application/json", &[]),
        ];
        for (sent, named) in cases {
            assert_eq!(boundaries(sent.as_bytes()), named, "{sent}");
        }
    }

    #[test]
    fn a_list_is_known_by_its_name() {
        for (name, list) in [
            ("photo", "photo"),
            ("photo[]", "photo"),
            ("photo[0]", "photo"),
            ("photo[12]", "photo"),
            ("photo[a]", "photo[a]"),
            ("photo]", "photo]"),
            ("[0]", ""),
        ] {
            let value = format!("form-data; name=\"{name}\"");
            assert_eq!(names(value.as_bytes()).0, list, "{name}");
        }
    }

    #[test]
    fn how_bytes_are_written_is_said() {
        let is_base64 = |headers: &str| super::of(headers.as_bytes()).is_base64;
        assert!(is_base64(
            "Content-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        ));
        assert!(is_base64(
            "content-transfer-encoding :  BASE64 ; x=1\r\nX: y\r\n\r\n"
        ));
        assert!(!is_base64("Content-Transfer-Encoding: binary\r\n\r\n"));
        assert!(!is_base64(
            "Content-Disposition: form-data; name=\"base64\"\r\n\r\n"
        ));
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
