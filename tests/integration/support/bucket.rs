//! A bucket on this host: as much of S3 as a blob store asks for, and the ways an S3 may hang.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    time::Duration,
};

/// How it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// As it should.
    Well,
    /// Takes connections and says nothing.
    Silent,
    /// Begins to answer and never comes to an end.
    Dripping,
    /// Says that it is busy, every time.
    Busy,
}

/// A bucket named `photos`; cheap to clone.
#[derive(Clone)]
pub struct Bucket(Arc<Shared>);

struct Shared {
    port: u16,
    mood: Mutex<Mood>,
    objects: Mutex<BTreeMap<String, Vec<u8>>>,
    unanswered: Mutex<Vec<TcpStream>>,
}

impl Bucket {
    pub fn new(mood: Mood, objects: BTreeMap<String, Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let bucket = Self(Arc::new(Shared {
            port: listener.local_addr().unwrap().port(),
            mood: Mutex::new(mood),
            objects: Mutex::new(objects),
            unanswered: Mutex::default(),
        }));
        let serving = bucket.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let bucket = serving.clone();
                // A client that hangs up is not this thread's to complain of.
                std::thread::spawn(move || bucket.answer(stream));
            }
        });
        bucket
    }

    /// What a process is told of it.
    pub fn variables(&self) -> [(&'static str, String); 6] {
        let owned = str::to_owned;
        [
            ("DENGWEN_BLOB_URL", owned("s3://photos")),
            ("AWS_ENDPOINT", format!("http://127.0.0.1:{}", self.0.port)),
            ("AWS_ALLOW_HTTP", owned("true")),
            ("AWS_REGION", owned("local")),
            ("AWS_ACCESS_KEY_ID", owned("a")),
            ("AWS_SECRET_ACCESS_KEY", owned("b")),
        ]
    }

    pub fn be(&self, mood: Mood) {
        *self.0.mood.lock().unwrap() = mood;
    }

    /// Everything in it, by key.
    pub fn objects(&self) -> BTreeMap<String, Vec<u8>> {
        self.0.objects.lock().unwrap().clone()
    }

    /// Puts an object as somebody else would.
    pub fn put(&self, key: &str, bytes: &[u8]) {
        let mut objects = self.0.objects.lock().unwrap();
        objects.insert(key.to_owned(), bytes.to_vec());
    }

    /// Another bucket with the same objects, but for those left out.
    pub fn copy(&self, keeps: impl Fn(&str) -> bool) -> Self {
        let mut objects = self.objects();
        objects.retain(|key, _| keeps(key));
        Self::new(Mood::Well, objects)
    }

    fn answer(&self, stream: TcpStream) -> Option<()> {
        let mood = *self.0.mood.lock().unwrap();
        if mood == Mood::Silent {
            self.0.unanswered.lock().unwrap().push(stream);
            return None;
        }
        let mut reader = BufReader::new(stream);
        let (mut line, mut length) = (String::new(), 0);
        reader.read_line(&mut line).ok()?;
        let request: Vec<String> = line.split(' ').map(str::to_owned).collect();
        loop {
            line.clear();
            reader.read_line(&mut line).ok()?;
            let lower = line.to_ascii_lowercase();
            if let Some(said) = lower.strip_prefix("content-length:") {
                length = said.trim().parse().unwrap();
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let mut stream = reader.into_inner();
        match mood {
            Mood::Dripping => {
                stream.write_all(b"HTTP/1.1 200 OK\r\nx-drip: ").ok()?;
                while stream.write_all(b".").is_ok() {
                    std::thread::park_timeout(Duration::from_millis(500));
                }
                None
            }
            Mood::Busy => say(stream, "503 Slow Down", &[], true),
            Mood::Well | Mood::Silent => {
                let key = request.get(1)?.strip_prefix("/photos/")?;
                self.serve(stream, request.first()?, key, body)
            }
        }
    }

    fn serve(&self, stream: TcpStream, method: &str, key: &str, body: Vec<u8>) -> Option<()> {
        let mut objects = self.0.objects.lock().unwrap();
        match (method, objects.get(key).cloned()) {
            ("PUT", _) => {
                objects.insert(key.to_owned(), body);
                say(stream, "200 OK", &[], true)
            }
            ("GET", Some(found)) => say(stream, "200 OK", &found, true),
            ("HEAD", Some(found)) => say(stream, "200 OK", &found, false),
            _ => say(stream, "404 Not Found", &[], true),
        }
    }
}

fn say(mut stream: TcpStream, status: &str, body: &[u8], with_body: bool) -> Option<()> {
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\netag: \"e\"\r\nlast-modified: Tue, 24 Nov 2026 02:00:00 GMT\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    let body = if with_body { body } else { &[] };
    stream.write_all(body).ok()
}
