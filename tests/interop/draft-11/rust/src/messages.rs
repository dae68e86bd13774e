//! Signs and verifies, a message a line: JSON in, JSON out. The first line has the documents of the issuers, by URL. A message without
//! a token is the person server's.

use std::io::{stdin, BufRead};
use std::sync::Arc;

use aauth_protocol::discovery::{JwksResolver, StaticFetch};
use aauth_protocol::httpsig::{header_map, sign, verify, Incoming, Outgoing, SignatureKey, Signer, VerifyOptions};
use aauth_protocol::resource::authenticate;
use aauth_protocol::token::TokenKind;
use aauth_protocol::{Error, SigningKey};
use base64::engine::general_purpose::STANDARD;
use base64::Engine;
use serde_json::{json, Map, Value};

use crate::wire::{key, say, Outcome, PS, RESOURCE};

const ANY: [TokenKind; 3] = [TokenKind::Agent, TokenKind::Person, TokenKind::Auth];

pub async fn run() -> Outcome {
    let mut lines = stdin().lock().lines();
    let documents = StaticFetch::new();
    let first: Map<String, Value> = serde_json::from_str(&lines.next().ok_or("no documents")??)?;
    for (url, document) in first {
        documents.insert(url, document);
    }
    let resolver = JwksResolver::new(Arc::new(documents));
    let (agent, server) = (key("agent")?, key("ps")?);
    for line in lines {
        let asked: Value = serde_json::from_str(&line?)?;
        let body = asked["body"].as_str().map(|text| STANDARD.decode(text)).transpose()?;
        let message = Message {
            method: asked["method"].as_str().ok_or("no method")?,
            url: asked["url"].as_str().ok_or("no url")?,
            headers: asked["headers"].as_object().ok_or("no headers")?,
            body: body.as_deref(),
            created: asked["created"].as_i64().unwrap_or_default(),
        };
        say(if asked["do"] == "sign" {
            match asked["token"].as_str() {
                Some(token) => message.signed(&agent, SignatureKey::Jwt(token.into()))?,
                None => {
                    let (id, dwk, kid) = (PS.into(), "aauth-person.json".into(), "ps-1".into());
                    message.signed(&server, SignatureKey::JwksUri { id, dwk, kid })?
                }
            }
        } else {
            message.verified(&resolver).await?
        });
    }
    Ok(())
}

struct Message<'a> {
    method: &'a str,
    url: &'a str,
    headers: &'a Map<String, Value>,
    body: Option<&'a [u8]>,
    /// Unix seconds, by the asker's clock.
    created: i64,
}

impl Message<'_> {
    fn signed(&self, key: &SigningKey, named: SignatureKey) -> Outcome<Value> {
        let content_type = self.headers.get("content-type").and_then(Value::as_str);
        let (method, url, body) = (self.method, self.url, self.body);
        let outgoing = Outgoing { method, url, content_type, body, created: self.created };
        let mut headers = self.headers.clone();
        for (name, value) in sign(key, &named, &outgoing)? {
            headers.insert(name, value.into());
        }
        Ok(headers.into())
    }

    async fn verified(&self, resolver: &JwksResolver) -> Outcome<Value> {
        let fields: Vec<(String, String)> = self
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
            .collect();
        let headers = header_map(&fields)?;
        // As it stands on the wire: the parser of URLs would change it.
        let rest = self.url.trim_start_matches("https://");
        let (authority, target) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
        let incoming = Incoming { method: self.method, authority, path, query, headers: &headers, body: self.body };
        let options = VerifyOptions::default();
        let is_server = fields.iter().any(|(name, value)| name == "signature-key" && value.contains("=jwks_uri"));
        let result = if is_server {
            verify(&incoming, &options, resolver).await.map_err(Error::from).map(|verified| match verified.signer {
                Signer::JwksUri { id, .. } => id,
                _ => String::new(),
            })
        } else {
            authenticate(&incoming, RESOURCE, &ANY, &options, resolver).await.map(|found| found.token.sub)
        };
        Ok(match result {
            Ok(caller) => json!({ "verified": caller }),
            Err(Error::Signature(error)) => json!({ "code": error.code, "detail": error.detail }),
            Err(Error::Token(error)) => json!({ "code": error.code, "detail": error.detail }),
            Err(other) => json!({ "code": "discovery", "detail": other.to_string() }),
        })
    }
}
