//! A resource. Its paths are named by what they ask for, as those of ../python/resource.py.

use std::sync::Arc;

use aauth_protocol::discovery::JwksResolver;
use aauth_protocol::httpsig::{Incoming, VerifyOptions};
use aauth_protocol::resource::{authenticate, challenge, Authenticated};
use aauth_protocol::token::{mint, TokenKind};
use aauth_protocol::{now_unix, Error, Requirement, SigningKey};
use serde_json::{json, Value};

use crate::wire::{connect_to, key, reply, say, serve, Mapped, Outcome, Reply, Request, AS, PS, RESOURCE};

const ANY: [TokenKind; 3] = [TokenKind::Agent, TokenKind::Person, TokenKind::Auth];

/// The lowest kind of token a path needs, who issues the auth token, and its scope.
fn route(path: &str) -> Option<(usize, &'static str, &'static str)> {
    Some(match path {
        "/agent" => (0, "", ""),
        "/person" => (1, "", ""),
        "/ps" => (2, PS, "data.read"),
        "/as" => (2, AS, "data.read"),
        "/as-waiting" => (2, AS, "data.waiting"),
        "/as-refused" => (2, AS, "data.refused"),
        _ => return None,
    })
}

pub async fn run() -> Outcome {
    let own = key("resource")?;
    let resolver = JwksResolver::new(Arc::new(Mapped(connect_to()?)));
    serve(RESOURCE, |request| answer(&own, &resolver, request)).await
}

async fn answer(own: &SigningKey, resolver: &JwksResolver, request: Request) -> Reply {
    let (path, query) = match request.target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (request.target.as_str(), None),
    };
    match path {
        "/.well-known/aauth-resource.json" => {
            return reply(200, json!({ "issuer": RESOURCE, "jwks_uri": format!("{RESOURCE}/jwks.json") }))
        }
        "/jwks.json" => return reply(200, serde_json::to_value(own.jwks()).unwrap_or_default()),
        _ => {}
    }
    let Some((needed, audience, scope)) = route(path) else { return reply(404, json!({})) };
    if !request.headers.contains_key("signature") {
        say(json!({ "verified": false, "code": "unsigned" }));
        return challenged(&Requirement::AgentToken);
    }
    let incoming = Incoming {
        method: &request.method,
        authority: "resource.example",
        path,
        query,
        headers: &request.headers,
        body: Some(&request.body),
    };
    match authenticate(&incoming, RESOURCE, &ANY, &VerifyOptions::default(), resolver).await {
        Err(error) => {
            let (code, detail) = match error {
                Error::Signature(error) => (error.code.to_owned(), error.detail),
                Error::Token(error) => (error.code.to_owned(), error.detail),
                other => ("discovery".to_owned(), other.to_string()),
            };
            say(json!({ "verified": false, "code": code, "detail": detail }));
            let mut refused = reply(401, json!({ "error": code, "detail": detail }));
            refused.headers.push(("signature-error".into(), format!("error={code}")));
            refused
        }
        Ok(Authenticated { signature, token }) => {
            let input = request.headers.get("signature-input").and_then(|v| v.to_str().ok()).unwrap_or_default();
            let covered: Vec<&str> = input.split('"').skip(1).step_by(2).take_while(|name| !name.contains('=')).collect();
            say(json!({ "verified": true, "typ": token.kind.typ(), "covered": covered }));
            if ANY.iter().position(|kind| *kind == token.kind) >= Some(needed) {
                return reply(200, json!({ "answer": "42 pallets" }));
            }
            if token.kind == TokenKind::Agent {
                return challenged(&Requirement::PersonToken);
            }
            // The crate makes resource tokens for the person server alone.
            let now = now_unix();
            let mut claims = json!({
                "iss": RESOURCE, "dwk": "aauth-resource.json", "aud": audience, "ps": token.ps().unwrap_or(&token.iss),
                "jti": format!("{now}-{}", signature.created), "sub": token.sub, "presented_jti": token.jti(),
                // Its name in August, for mockin.
                "person_token_jti": token.jti(),
                "agent_jkt": signature.thumbprint, "scope": scope, "iat": now, "exp": now + 300,
            });
            for name in ["mission_s256", "tenant"] {
                if let Some(value) = token.claims.get(name) {
                    claims[name] = Value::clone(value);
                }
            }
            challenged(&Requirement::AuthToken { resource_token: mint(own, TokenKind::Resource, &claims) })
        }
    }
}

fn challenged(requirement: &Requirement) -> Reply {
    let mut asked = reply(401, json!({}));
    asked.headers = challenge(requirement);
    asked
}
