//! District profiles of a story's own: the built-in one with something else in it.

use std::path::Path;

/// Copies the built-in profile into a folder.
pub fn copy_to(folder: &Path) {
    let gulou = Path::new(env!("CARGO_MANIFEST_DIR")).join("profiles/gulou");
    std::fs::create_dir_all(folder.join("calendar")).unwrap();
    for inside in ["", "calendar"] {
        for file in std::fs::read_dir(gulou.join(inside)).unwrap() {
            let path = file.unwrap().path();
            if path.is_file() {
                let to = folder.join(path.strip_prefix(&gulou).unwrap());
                std::fs::copy(&path, to).unwrap();
            }
        }
    }
}

/// Puts words of one of its files in the place of others.
pub fn change(folder: &Path, file: &str, (from, to): (&str, &str)) {
    let path = folder.join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{file} says {from}");
    std::fs::write(&path, text.replace(from, to)).unwrap();
}
