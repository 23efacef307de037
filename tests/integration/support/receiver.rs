//! A gateway on this host: takes messages by webhook as a district's does, and keeps what it was sent.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

use serde_json::Value;

/// What both sides share.
pub const SECRET: &str = "a secret for tests that both sides keep";

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Request {
    pub signature: String,
    pub delivery: String,
    pub body: Vec<u8>,
}

impl Request {
    /// The message in it.
    pub fn message(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// A gateway; cheap to clone.
#[derive(Clone)]
pub struct Receiver(Arc<Shared>);

struct Shared {
    port: u16,
    answer: Mutex<(u16, &'static str)>,
    came: Mutex<Vec<Request>>,
}

impl Receiver {
    /// One that takes what comes and calls it `m-1`.
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let receiver = Self(Arc::new(Shared {
            port: listener.local_addr().unwrap().port(),
            answer: Mutex::new((200, r#"{"reference":"m-1"}"#)),
            came: Mutex::default(),
        }));
        let serving = receiver.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                serving.take(stream);
            }
        });
        receiver
    }

    /// What a server is told of it.
    pub fn variables(&self) -> [(&'static str, String); 3] {
        let url = format!("http://127.0.0.1:{}/messages", self.0.port);
        [
            ("DENGWEN_SMS_GATEWAY", "webhook".to_owned()),
            ("DENGWEN_NOTICE_WEBHOOK_URL", url),
            ("DENGWEN_NOTICE_WEBHOOK_SECRET", SECRET.to_owned()),
        ]
    }

    /// Has it answer so from now on.
    pub fn answers(&self, status: u16, body: &'static str) {
        *self.0.answer.lock().unwrap() = (status, body);
    }

    /// All that came, in order.
    pub fn came(&self) -> Vec<Request> {
        self.0.came.lock().unwrap().clone()
    }

    fn take(&self, mut stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut request = Request {
            signature: String::new(),
            delivery: String::new(),
            body: Vec::new(),
        };
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            let Some((name, value)) = line.trim().split_once(": ") else {
                if line.trim().is_empty() {
                    break;
                }
                continue;
            };
            match name.to_lowercase().as_str() {
                "dengwen-signature" => request.signature = value.to_owned(),
                "dengwen-delivery" => request.delivery = value.to_owned(),
                "content-length" => length = value.parse().unwrap(),
                _ => {}
            }
        }
        request.body = vec![0; length];
        if reader.read_exact(&mut request.body).is_err() {
            return;
        }
        self.0.came.lock().unwrap().push(request);
        let (status, body) = *self.0.answer.lock().unwrap();
        let answer = format!(
            "HTTP/1.1 {status} So\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        // A client that hangs up is not this thread's to complain of.
        let _ = stream.write_all(answer.as_bytes());
    }
}
