//! Hostile neighbours: who counts as whom, what one address may hold, and what leaves no trace.

use std::{net::SocketAddr, time::Duration};

use dengwen::{
    account::Role,
    photo::sample::scene,
    platform::{db::schema::complaint_sender, http::forwarded::Forwarding},
};
use diesel::prelude::*;
use reqwest::Method;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    time::{Instant, timeout},
};

use crate::support::{
    Actor, On, Reply, Wishes, World,
    actors::form,
    bodies::{fumes, river},
    pictures, play,
};

const COMPLAINTS: &str = "/api/v1/complaints";
const UNKNOWN: &str = "/api/v1/tracking/AAAA-BBBB-CCCC-DDDD";

fn behind_proxy(tight_limits: bool) -> Wishes {
    Wishes {
        behind_proxy: true,
        tight_limits,
        ..Wishes::default()
    }
}

async fn get_through(actor: &Actor, lines: &[(&str, &str)]) -> Reply {
    let shape = |r: reqwest::RequestBuilder| {
        lines
            .iter()
            .fold(r, |r, (name, value)| r.header(*name, *value))
    };
    actor.send(Method::GET, UNKNOWN, shape).await
}

async fn file_through(actor: &Actor, line: &str) -> Reply {
    let body = fumes(None, 0.0);
    let shape = |r: reqwest::RequestBuilder| r.header("x-forwarded-for", line).json(&body);
    actor.send(Method::POST, COMPLAINTS, shape).await
}

/// Addresses: what a client writes into the header neither widens their allowance nor uses up
/// another's; one client is one in every notation.
async fn forged_headers_give_nobody_another_address(world: World) {
    let resident = world.resident();
    for n in 0..5 {
        let forged = format!("203.0.113.{n}");
        let lines = [
            ("x-forwarded-for", forged.as_str()),
            ("x-forwarded-for", "198.51.100.1"),
            ("forwarded", "for=203.0.113.77"),
        ];
        get_through(&resident, &lines)
            .await
            .expect_problem(404, "not_found");
    }
    for same in [
        "198.51.100.1",
        "203.0.113.99, 198.51.100.1",
        "198.51.100.1:4711",
        "::ffff:198.51.100.1",
        "[64:ff9b::198.51.100.1]:443",
    ] {
        let refused = get_through(&resident, &[("x-forwarded-for", same)])
            .await
            .expect_problem(429, "too_many_requests");
        assert!(refused.headers.contains_key("retry-after"), "{same}");
    }
    for other in [
        "198.51.100.2",
        "::ffff:198.51.100.3",
        "198.51.100.1, 198.51.100.4",
    ] {
        get_through(&resident, &[("x-forwarded-for", other)])
            .await
            .expect_problem(404, "not_found");
    }
    for _ in 0..5 {
        get_through(
            &resident,
            &[("forwarded", "for=\"[2001:db8:1:2::3]:4711\"")],
        )
        .await
        .expect_problem(404, "not_found");
    }
    get_through(&resident, &[("x-forwarded-for", "2001:db8:1:2:ffff::9")])
        .await
        .expect_problem(429, "too_many_requests");
    get_through(&resident, &[("x-forwarded-for", "2001:db8:1:3::9")])
        .await
        .expect_problem(404, "not_found");
}

/// Addresses: who cannot be read has a bucket of their own, and is nobody's "same sender".
async fn unreadable_clients_are_strangers_to_each_other(world: World) {
    let resident = world.resident();
    for odd in [
        "unknown",
        "_hidden",
        "not an address",
        "198.51.100.1.1",
        "unknown",
    ] {
        file_through(&resident, odd).await.expect(201);
    }
    file_through(&resident, "unknown")
        .await
        .expect_problem(429, "too_many_requests");
    file_through(&resident, "198.51.100.1").await.expect(201);
    let kept: i64 = world.db_read(|c| complaint_sender::table.count().get_result(c).unwrap());
    assert_eq!(kept, 1);
}

/// Addresses: behind a carrier's NAT thousands share one address; who proved a phone has an
/// allowance of their own, and uses up nobody else's.
async fn a_signed_in_resident_has_an_own_allowance(world: World) {
    const CARRIER: &str = "100.64.0.1";
    let (stranger, proven) = (
        world.resident(),
        world.signed_in_resident("13800000001").await,
    );
    for _ in 0..5 {
        file_through(&stranger, CARRIER).await.expect(201);
    }
    file_through(&stranger, CARRIER)
        .await
        .expect_problem(429, "too_many_requests");
    let mut code = String::new();
    for _ in 0..4 {
        code = file_through(&proven, CARRIER)
            .await
            .expect(201)
            .text("/tracking_code");
    }
    let path = format!("/api/v1/tracking/{code}/supplements");
    let more = json!({ "text": "又排烟了，比昨天更浓" });
    proven
        .send(Method::POST, &path, |r| {
            r.header("x-forwarded-for", CARRIER).json(&more)
        })
        .await
        .expect(201);
    file_through(&proven, CARRIER)
        .await
        .expect_problem(429, "too_many_requests");
    let neighbour = world.signed_in_resident("13800000002").await;
    file_through(&neighbour, CARRIER).await.expect(201);
}

/// A client that calls from an address of the loopback network.
fn client_at(address: &str) -> reqwest::Client {
    let address = address.parse().unwrap();
    reqwest::Client::builder()
        .local_address(Some(address))
        .build()
        .unwrap()
}

/// A connection from an address of the loopback network.
async fn connect_from(address: &str, to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket
        .bind(format!("{address}:0").parse().unwrap())
        .unwrap();
    socket.connect(to).await.unwrap()
}

fn loopback(world: &World) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], world.server.address.port()))
}

/// Addresses: on a socket that listens on IPv6 every IPv4 client is mapped; a block on one of
/// them, and what one of them sent before, is nothing to another.
#[test]
fn ipv4_clients_of_an_ipv6_socket_are_told_apart() {
    if std::net::TcpListener::bind("[::]:0").is_err() {
        eprintln!("no IPv6 here: the story of the dual-stack socket is not played");
        return;
    }
    let tight = Wishes {
        tight_limits: true,
        ..Wishes::default()
    };
    play(On::Sqlite, tight, |mut world| async move {
        world.restart_with("DENGWEN_LISTEN", "[::]:0").await;
        let at = format!("http://{}{COMPLAINTS}", loopback(&world));
        let file = async |from: &str| {
            let sent = client_at(from)
                .post(&at)
                .json(&fumes(Some("13800000009"), 0.0));
            sent.send().await.unwrap().status().as_u16()
        };
        for _ in 0..5 {
            assert_eq!(file("127.0.0.2").await, 201);
        }
        assert_eq!(file("127.0.0.2").await, 429);
        assert_eq!(file("127.0.0.3").await, 201);
        let keys: Vec<String> = world.db_read(|c| {
            let keys = complaint_sender::table.select(complaint_sender::key);
            keys.distinct().load(c).unwrap()
        });
        assert_eq!(keys.len(), 2);
    });
}

/// A multipart body of a complaint and a photo of so many bytes, whose end never comes.
fn begun_upload(photo: &[u8], length: usize) -> Vec<u8> {
    let mut body = format!(
        "--x\r\nContent-Disposition: form-data; name=\"complaint\"\r\n\r\n{}\r\n--x\r\n\
         Content-Disposition: form-data; name=\"photo\"; filename=\"a.jpg\"\r\n\r\n",
        river(None)
    )
    .into_bytes();
    body.extend_from_slice(photo);
    let mut head = format!(
        "POST {COMPLAINTS} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=x\r\n\
         Content-Length: {}\r\n\r\n",
        body.len() + length
    )
    .into_bytes();
    head.append(&mut body);
    head
}

/// A picture whose decoding takes its time.
fn heavy_picture() -> Vec<u8> {
    let samples = pictures::drawn(1500, 1500, |x, y| [(x / 9) as u8, (y / 7) as u8, 9]);
    pictures::png(1500, 1500, &samples)
}

/// Fairness: while one address holds what it can hold with slow uploads and has many heavy photos
/// waiting to be decoded, an honest resident's complaint with a photo is answered within 5 s.
#[test]
fn one_hostile_address_stops_nobodys_photo() {
    let room = Wishes {
        upload_memory_mb: Some(24),
        ..Wishes::default()
    };
    play(On::Sqlite, room, |world| async move {
        let address = loopback(&world);
        let at = format!("http://{address}{COMPLAINTS}");
        let mut slow = Vec::new();
        for _ in 0..6 {
            let mut connection = connect_from("127.0.0.2", address).await;
            let begun = begun_upload(&vec![0xFF; 7 << 20], 1 << 20);
            // A refused upload is not read to its end.
            let _ = timeout(Duration::from_secs(2), connection.write_all(&begun)).await;
            slow.push(connection);
        }
        let heavy = heavy_picture();
        let hostile = client_at("127.0.0.4");
        let flood: Vec<_> = (0..10)
            .map(|_| {
                let parts: Vec<_> =
                    std::iter::once(("complaint", None, river(None).to_string().into_bytes()))
                        .chain((0..9).map(|_| ("photo", Some("a.png"), heavy.clone())))
                        .collect();
                let sent = hostile.post(&at).multipart(form(&parts)).send();
                actix_web::rt::spawn(async move { sent.await.map(|r| r.status().as_u16()) })
            })
            .collect();
        // Once some of it is being decoded.
        tokio::time::timeout(Duration::from_secs(5), async {
            while world.server.app.photo_turns.waiting() == 0 {
                tokio::task::yield_now().await;
            }
        })
        .await
        .unwrap();
        let honest = client_at("127.0.0.3");
        for seed in 0..3 {
            let parts = [
                (
                    "complaint",
                    None,
                    fumes(None, f64::from(seed) * 300.0)
                        .to_string()
                        .into_bytes(),
                ),
                ("photo", Some("a.jpg"), scene(seed, 1200, 900)),
            ];
            let began = Instant::now();
            let answer = honest
                .post(&at)
                .multipart(form(&parts))
                .send()
                .await
                .unwrap();
            let took = began.elapsed();
            assert_eq!(answer.status().as_u16(), 201);
            let receipt: serde_json::Value = answer.json().await.unwrap();
            assert_eq!(receipt["photos"][0]["status"], "kept");
            assert!(took < Duration::from_secs(5), "{took:?}");
            assert!(
                world.server.app.photo_turns.waiting() > 0,
                "the flood was over too soon"
            );
        }
        flood.iter().for_each(|task| task.abort());
        drop(slow);
    });
}

/// Fairness: uploads at once are bounded for each sender before a byte of them is read.
#[test]
fn one_address_has_so_many_uploads_at_once() {
    play(On::Sqlite, Wishes::default(), |world| async move {
        let address = loopback(&world);
        let mut slow = Vec::new();
        let one_more = async |from: &str| {
            let parts = [
                ("complaint", None, river(None).to_string().into_bytes()),
                ("photo", Some("a.jpg"), scene(1, 60, 40)),
            ];
            let sent = client_at(from).post(format!("http://{address}{COMPLAINTS}"));
            let answer = sent.multipart(form(&parts)).send().await.unwrap();
            (
                answer.status().as_u16(),
                answer.headers().contains_key("retry-after"),
            )
        };
        // The last of the slow ones may still be on its way to its handler, and on a busy machine the first
        // may have been given up on by then: there are new ones each time.
        let refused = timeout(Duration::from_secs(60), async {
            loop {
                for _ in 0..16 {
                    let mut connection = connect_from("127.0.0.2", address).await;
                    let begun = begun_upload(b"\xFF\xD8", 1000);
                    if connection.write_all(&begun).await.is_ok() {
                        slow.push(connection);
                    }
                }
                match one_more("127.0.0.2").await {
                    (201, _) => {}
                    refused => break refused,
                }
            }
        });
        assert_eq!(refused.await.unwrap(), (429, true));
        assert_eq!(one_more("127.0.0.3").await.0, 201);
    });
}

/// Everything that comes until the end of a connection, within some seconds.
async fn rest(connection: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let read = timeout(Duration::from_secs(8), connection.read_to_end(&mut text)).await;
    // A connection that is reset is closed as well.
    let _ = read.expect("the connection stays open");
    String::from_utf8_lossy(&text).into_owned()
}

/// Slow clients: a head that does not come is not waited for, on a connection's first request and
/// on a later one.
#[test]
fn a_later_head_is_not_waited_for_either() {
    play(On::Sqlite, Wishes::default(), |mut world| async move {
        world.restart_with("DENGWEN_HEADER_SECONDS", "1").await;
        let address = loopback(&world);
        for first in ["", "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"] {
            let mut connection = connect_from("127.0.0.2", address).await;
            connection.write_all(first.as_bytes()).await.unwrap();
            connection.write_all(b"GET /healthz HT").await.unwrap();
            let began = Instant::now();
            let (mut from, mut to) = connection.split();
            let mut answered = Vec::new();
            let dripping = async {
                while to.write_all(b"T").await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            };
            let reading = async {
                let _ = from.read_to_end(&mut answered).await;
            };
            let ended = async {
                tokio::select! { () = reading => {}, () = dripping => {} }
            };
            timeout(Duration::from_secs(8), ended)
                .await
                .expect("the connection stays open");
            assert!(
                began.elapsed() < Duration::from_secs(4),
                "{:?}",
                began.elapsed()
            );
            let answered = String::from_utf8_lossy(&answered).into_owned();
            assert_eq!(answered.contains("200 OK"), !first.is_empty(), "{answered}");
        }
    });
}

/// Slow clients: one address holds so many connections and no more; another still gets in.
#[test]
fn one_address_holds_so_many_connections() {
    play(On::Sqlite, Wishes::default(), |mut world| async move {
        world
            .restart_with("DENGWEN_CONNECTIONS_PER_ADDRESS", "3")
            .await;
        let address = loopback(&world);
        let ask = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
        let mut open = Vec::new();
        for _ in 0..3 {
            let mut connection = connect_from("127.0.0.2", address).await;
            connection.write_all(ask).await.unwrap();
            let mut answer = [0; 12];
            connection.read_exact(&mut answer).await.unwrap();
            assert_eq!(&answer, b"HTTP/1.1 200");
            open.push(connection);
        }
        let mut refused = connect_from("127.0.0.2", address).await;
        let told = rest(&mut refused).await;
        assert!(
            told.starts_with("HTTP/1.1 503") && told.contains("Retry-After"),
            "{told:?}"
        );
        let other = client_at("127.0.0.3").get(format!("http://{address}/healthz"));
        assert_eq!(other.send().await.unwrap().status(), 200);
        drop(open);
        let again = client_at("127.0.0.2");
        let back = timeout(Duration::from_secs(5), async {
            while !again
                .get(format!("http://{address}/healthz"))
                .send()
                .await
                .is_ok_and(|r| r.status() == 200)
            {
                tokio::task::yield_now().await;
            }
        });
        back.await.expect("a seat that was given back");
    });
}

/// Metrics: what a client makes up is counted under the names there are.
#[test]
fn made_up_methods_and_paths_leave_no_trace() {
    play(On::Sqlite, Wishes::default(), |world| async move {
        let resident = world.resident();
        let metrics = async || resident.get("/metrics").await.expect(200).bytes;
        for path in ["/healthz", "/nowhere", COMPLAINTS] {
            resident
                .send(Method::from_bytes(b"MADEUP").unwrap(), path, |r| r)
                .await;
        }
        metrics().await;
        let before = metrics().await;
        let long = "X".repeat(3000);
        for n in 0..2000 {
            let method = Method::from_bytes(
                format!("MADEUP{n}{}", if n % 100 == 0 { &long } else { "" }).as_bytes(),
            )
            .unwrap();
            let path = match n % 4 {
                0 => "/healthz".to_owned(),
                1 => format!("/nowhere/{n}"),
                2 => COMPLAINTS.to_owned(),
                _ => format!("/nowhere?{n}"),
            };
            let status = resident.send(method, &path, |r| r).await.status;
            assert!([404, 405].contains(&status), "{path}: {status}");
        }
        let after = metrics().await;
        let text = String::from_utf8(after.clone()).unwrap();
        assert!(
            !text.contains("MADEUP") && !text.contains("nowhere"),
            "{text}"
        );
        assert!(text.contains("method=\"other\""));
        // Only the counts grew, by some digits.
        assert!(
            after.len() < before.len() + 500,
            "{} then {}",
            before.len(),
            after.len()
        );
    });
}

/// Addresses: two proxies of ours are two entries, and none is none.
#[test]
fn the_number_of_proxies_is_configured() {
    play(On::Sqlite, behind_proxy(true), |mut world| async move {
        world.restart_with("DENGWEN_TRUSTED_HOPS", "2").await;
        assert_eq!(
            world.server.app.settings.proxies.header,
            Forwarding::XForwardedFor
        );
        let resident = world.resident();
        for n in 0..5 {
            let line = format!("203.0.113.{n}, 198.51.100.1, 10.0.0.{n}");
            get_through(&resident, &[("x-forwarded-for", &line)])
                .await
                .expect(404);
        }
        get_through(&resident, &[("x-forwarded-for", "198.51.100.1, 10.0.0.9")])
            .await
            .expect(429);
        get_through(&resident, &[("x-forwarded-for", "198.51.100.2, 10.0.0.9")])
            .await
            .expect(404);
        let brigade = world.staff(Role::Brigade).await;
        brigade.get("/api/v1/staff/me").await.expect(200);
    });
}

on_both!(
    wishes = behind_proxy(true),
    forged_headers_give_nobody_another_address,
    unreadable_clients_are_strangers_to_each_other,
    a_signed_in_resident_has_an_own_allowance,
);
