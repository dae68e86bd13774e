//! What the programs share: who is who, where they are, and the facts they print.

use std::future::Future;

use aauth_protocol::client::ConnectTo;
use aauth_protocol::discovery::{Fetch, Fetched};
use aauth_protocol::{Error, SigningKey};
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub const AGENT: &str = "https://agent.example";
pub const PS: &str = "https://ps.example";
pub const AS: &str = "https://as.example";
pub const RESOURCE: &str = "https://resource.example";

pub type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// The same private key in every program of a run, and in every run.
pub fn key(name: &str) -> Outcome<SigningKey> {
    let seed = URL_SAFE_NO_PAD.decode(aauth_protocol::s256(format!("interop-{name}")))?;
    Ok(SigningKey::from_bytes(&seed.as_slice().try_into()?))
}

pub fn say(fact: Value) {
    println!("{fact}");
}

fn parties() -> Outcome<Map<String, Value>> {
    Ok(serde_json::from_str(&std::env::var("PARTIES")?)?)
}

/// Sends what is addressed to a party to where it is. `Host` stays what was signed.
pub fn connect_to() -> Outcome<ConnectTo> {
    let entries: Vec<String> = parties()?
        .iter()
        .map(|(party, origin)| {
            format!("{}={}", party.trim_start_matches("https://"), origin.as_str().unwrap_or_default())
        })
        .collect();
    Ok(ConnectTo::parse(&entries.join(","))?)
}

/// For discovery.
pub struct Mapped(pub ConnectTo);

#[async_trait::async_trait]
impl Fetch for Mapped {
    async fn get(&self, url: &str, headers: HeaderMap) -> Result<Fetched, Error> {
        let failed = |e: reqwest::Error| Error::Http(e.to_string());
        let route = self.0.route(url)?;
        let mut request = reqwest::Client::new().get(&route.url).headers(headers);
        if let Some(host) = route.host {
            request = request.header("host", host);
        }
        let response = request.send().await.map_err(failed)?;
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(Fetched { status, headers, body: response.bytes().await.map_err(failed)? })
    }
}

pub struct Request {
    pub method: String,
    pub target: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Value,
}

pub fn reply(status: u16, body: Value) -> Reply {
    Reply { status, headers: Vec::new(), body }
}

/// Serves at the party's port, a request a connection and one after the other.
pub async fn serve<F: Future<Output = Reply>>(party: &str, answer: impl Fn(Request) -> F) -> Outcome {
    let origin = parties()?[party].as_str().unwrap_or_default().to_owned();
    let listener = TcpListener::bind(origin.trim_start_matches("http://")).await?;
    say(serde_json::json!({ "ready": true }));
    loop {
        let (mut socket, _) = listener.accept().await?;
        // A caller that leaves, or that does not speak HTTP, is no fact of a test.
        let Ok(request) = read(&mut socket).await else { continue };
        let Reply { status, headers, body } = answer(request).await;
        let body = body.to_string();
        let fields: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status} -\r\n{fields}content-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
        );
        let _ = socket.write_all((head + &body).as_bytes()).await;
        let _ = socket.shutdown().await;
    }
}

async fn read(socket: &mut TcpStream) -> Outcome<Request> {
    let mut data = Vec::new();
    let end = loop {
        if let Some(at) = data.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        if socket.read_buf(&mut data).await? == 0 {
            return Err("the connection has ended".into());
        }
    };
    let mut body = data.split_off(end + 4);
    let head = String::from_utf8(data)?;
    let mut lines = head.trim_end().split("\r\n");
    let mut first = lines.next().unwrap_or_default().split(' ');
    let (method, target) = (first.next().ok_or("no method")?.to_owned(), first.next().ok_or("no target")?.to_owned());
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(':').ok_or("no colon")?;
        headers.append(HeaderName::from_bytes(name.as_bytes())?, HeaderValue::from_str(value.trim())?);
    }
    let length = headers.get("content-length").and_then(|v| v.to_str().ok()?.parse().ok()).unwrap_or(0);
    while body.len() < length {
        if socket.read_buf(&mut body).await? == 0 {
            return Err("the body has ended".into());
        }
    }
    Ok(Request { method, target, headers, body })
}
