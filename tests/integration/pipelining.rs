//! Many requests on one connection at once: they wait in the socket, in order, for their turn.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::tempdir;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    time::{sleep, timeout},
};

use crate::support::{On, Wishes, World, bodies::river, play, process::Process};

const COMPLAINTS: &str = "/api/v1/complaints";

/// A connection that takes as little as a system lets it.
async fn tight_connection(to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(2048).unwrap();
    socket.connect(to).await.unwrap()
}

/// A1, pipelining: thousands of requests on each of many connections whose answers nobody reads
/// cost what the connections cost; another is answered meanwhile, and the memory comes back.
#[tokio::test]
async fn unread_requests_cost_next_to_nothing() {
    const CONNECTIONS: usize = 40;
    const MOST_MB: f64 = 64.0;
    let folder = tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("test.db").display());
    let server = Process::serve(&url, folder.path(), &[]);
    let address = server.base.trim_start_matches("http://").parse().unwrap();
    let health = format!("{}/healthz", server.base);
    let honest = async || {
        let began = Instant::now();
        let answer = reqwest::Client::new().get(&health).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert!(
            began.elapsed() < Duration::from_secs(10),
            "{:?}",
            began.elapsed()
        );
    };
    honest().await;
    let before = server.memory_mb();
    for line in [
        "GET /openapi.json",
        "GET /nowhere",
        "HEAD /healthz",
        "OPTIONS /healthz",
    ] {
        let many = format!("{line} HTTP/1.1\r\nHost:a\r\n\r\n").repeat(5000);
        let mut open = Vec::new();
        for _ in 0..CONNECTIONS {
            let mut connection = tight_connection(address).await;
            // What the system does not take by then, it would never take.
            let sent = connection.write_all(many.as_bytes());
            let _ = timeout(Duration::from_millis(100), sent).await;
            open.push(connection);
        }
        honest().await;
        sleep(Duration::from_secs(1)).await;
        let grown = server.memory_mb() - before;
        assert!(grown < MOST_MB, "{line}: {grown} MB");
        drop(open);
    }
    let back = async {
        while server.memory_mb() - before > MOST_MB / 2.0 {
            sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(Duration::from_secs(20), back)
        .await
        .expect("memory that was given back");
    honest().await;
}

async fn connect(world: &World) -> TcpStream {
    TcpStream::connect(world.server.address).await.unwrap()
}

/// The first whole answer in some bytes: its status, where its body begins and where it ends.
fn answer_in(bytes: &[u8]) -> Option<(u16, usize, usize)> {
    let head = bytes.windows(4).position(|end| end == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&bytes[..head]).to_lowercase();
    let (_, length) = text.split_once("content-length: ").unwrap();
    let length: usize = length.lines().next().unwrap().parse().unwrap();
    let code = text.split(' ').nth(1).unwrap().parse().unwrap();
    (bytes.len() >= head + length).then_some((code, head, head + length))
}

/// Reads so many answers and what was told by each: its status and its body.
async fn answers(connection: &mut (impl AsyncRead + Unpin), count: usize) -> Vec<(u16, Vec<u8>)> {
    let (mut came, mut told) = (Vec::new(), Vec::new());
    while told.len() < count {
        match answer_in(&came) {
            Some((code, head, end)) => {
                told.push((code, came[head..end].to_vec()));
                came.drain(..end);
            }
            None => assert!(
                connection.read_buf(&mut came).await.unwrap() > 0,
                "ended after {} answers",
                told.len()
            ),
        }
    }
    told
}

/// Pipelining: requests that come together, bodies of each kind among them, are answered in order,
/// in whatever pieces they come, and the connection serves on.
#[test]
fn requests_that_come_together_are_answered_in_order() {
    play(On::Sqlite, Wishes::default(), |world| async move {
        let get = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
        let body = river(None).to_string();
        let head =
            format!("POST {COMPLAINTS} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n");
        let counted = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
        let mut chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n");
        for piece in body.split_inclusive(|c: char| !c.is_ascii_alphabetic()) {
            chunked += &format!("{:x};a=b\r\n{piece}\r\n", piece.len());
        }
        chunked += "0\r\nX-After: b\r\n\r\n";
        let unread = "POST /nowhere HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n\n\r\n0\r\n\r\n";
        let told = [
            get, get, get, &counted, get, &chunked, "\r\n", get, unread, get,
        ]
        .concat();
        let right = [200, 200, 200, 201, 200, 201, 200, 404, 200];
        for pieces in [told.len(), 700, 1] {
            let connection = connect(&world).await;
            connection.set_nodelay(true).unwrap();
            let (mut from, mut to) = connection.into_split();
            let writing = async {
                for piece in told.as_bytes().chunks(pieces) {
                    to.write_all(piece).await.unwrap();
                }
            };
            let all = async { tokio::join!(writing, answers(&mut from, right.len())).1 };
            let all = timeout(Duration::from_secs(20), all).await.unwrap();
            let codes: Vec<u16> = all.iter().map(|(code, _)| *code).collect();
            assert_eq!(codes, right, "in pieces of {pieces}");
            let receipt: Value = serde_json::from_slice(&all[3].1).unwrap();
            assert_eq!(receipt["already_received"], false);
            let mut connection = from.reunite(to).unwrap();
            for _ in 0..3 {
                connection.write_all(get.as_bytes()).await.unwrap();
                assert_eq!(answers(&mut connection, 1).await[0].0, 200);
            }
        }
    });
}

/// Pipelining: thousands of requests whose answers are read are all answered, and so are those
/// whose client said that no more would come.
#[test]
fn whoever_reads_is_answered_to_the_end() {
    play(On::Sqlite, Wishes::default(), |world| async move {
        const COUNT: usize = 2000;
        let connection = connect(&world).await;
        let (mut from, mut to) = connection.into_split();
        let many = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n".repeat(COUNT);
        let writing = async {
            to.write_all(many.as_bytes()).await.unwrap();
            to.shutdown().await.unwrap();
        };
        let mut all = Vec::new();
        let both = async { tokio::join!(writing, from.read_to_end(&mut all)).1 };
        timeout(Duration::from_secs(30), both)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            String::from_utf8_lossy(&all)
                .matches("HTTP/1.1 200")
                .count(),
            COUNT
        );
    });
}

/// Pipelining: whoever takes answers slowly gets all of them. Neither the time a connection may be
/// idle nor that for a next head runs while what was asked for is on its way.
#[test]
fn whoever_reads_slowly_is_answered_to_the_end() {
    play(On::Sqlite, Wishes::default(), |mut world| async move {
        const COUNT: usize = 60;
        world.restart_with("DENGWEN_HEADER_SECONDS", "6").await;
        let mut slow = connect(&world).await;
        let many = "GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n".repeat(COUNT);
        slow.write_all(many.as_bytes()).await.unwrap();
        // Others are idle for as long as they may be, one after the other, which is our clock.
        let get = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
        for _ in 0..2 {
            let began = Instant::now();
            let mut idle = connect(&world).await;
            idle.write_all(get.as_bytes()).await.unwrap();
            answers(&mut idle, 1).await;
            let end = timeout(Duration::from_secs(30), idle.read(&mut [0])).await;
            assert_eq!(end.unwrap().unwrap(), 0);
            let idle = began.elapsed();
            assert!(idle >= Duration::from_secs(6), "idle {idle:?}");
        }
        let all = timeout(Duration::from_secs(60), answers(&mut slow, COUNT))
            .await
            .unwrap();
        assert!(all.iter().all(|(code, _)| *code == 200));
    });
}

/// Pipelining: a refusal arrives although more was sent behind what it refuses.
#[test]
fn a_refusal_arrives_before_the_connection_ends() {
    play(On::Sqlite, Wishes::default(), |world| async move {
        for _ in 0..20 {
            let mut connection = connect(&world).await;
            let sent = format!("no request at all\r\n\r\n{}", "x".repeat(20_000));
            connection.write_all(sent.as_bytes()).await.unwrap();
            let mut all = Vec::new();
            let read = connection.read_to_end(&mut all);
            timeout(Duration::from_secs(10), read)
                .await
                .unwrap()
                .unwrap();
            assert!(String::from_utf8_lossy(&all).starts_with("HTTP/1.1 400"));
        }
    });
}
