//! An agent and its agent provider: calls the resource, first without a signature, then climbs as the challenges say.

use aauth_protocol::client::{Agent, Answer, Person, PersonServerClient, Reach};
use aauth_protocol::httpsig::{header_map, sign_jwt, Outgoing};
use aauth_protocol::token::{mint, TokenKind};
use aauth_protocol::{now_unix, requirement, Requirement, SigningKey};
use serde_json::{json, Value};

use crate::wire::{connect_to, key, reply, say, serve, Outcome, AGENT, PS, RESOURCE};

const DANA: Person<'_> = Person { login_hint: Some("dana"), tenant: None };

pub async fn run(method: &str, path: &str, with_mission: bool) -> Outcome {
    let provider = key("provider")?;
    let documents = json!({
        "/.well-known/aauth-agent.json": { "issuer": AGENT, "jwks_uri": format!("{AGENT}/jwks.json") },
        "/jwks.json": provider.jwks(),
    });
    let serving = serve(AGENT, |request| {
        let document = documents.get(&request.target).cloned();
        async { document.map_or(reply(404, json!({})), |found| reply(200, found)) }
    });
    tokio::select! {
        ended = serving => ended,
        ended = climb(&provider, method, path, with_mission) => {
            say(json!({ "step": "end" }));
            ended
        }
    }
}

struct Caller {
    key: SigningKey,
    agent_token: String,
    ps: PersonServerClient,
}

async fn climb(provider: &SigningKey, method: &str, path: &str, with_mission: bool) -> Outcome {
    let key = key("agent")?;
    let now = now_unix();
    let agent_token = mint(provider, TokenKind::Agent, &json!({
        "iss": AGENT, "dwk": "aauth-agent.json", "sub": "aauth:Planner@agent.example", "jti": now.to_string(),
        "iat": now, "exp": now + 600, "ps": PS, "cnf": { "jwk": key.public_jwk() },
    }));
    let reach = Reach { connect_to: connect_to()?, ..Reach::default() };
    let caller = Caller { key, agent_token, ps: PersonServerClient::new(reqwest::Client::new(), reach) };
    let agent = Agent { agent_token: &caller.agent_token, key: &caller.key };
    let metadata = caller.ps.metadata(PS).await?;

    let mut person = None;
    if with_mission {
        let proposal = json!({ "description": "Check the stock", "resources": [RESOURCE] });
        let answer = caller.ps.propose_mission(&agent, &metadata, &proposal, &DANA).await?;
        let mission = caller.settled("mission", answer).await?;
        person = text(mission.as_ref().and_then(|found| found["person_tokens"].get(RESOURCE)));
    }
    call("unsigned", &caller, None, method, path).await?;
    let mut token = Some(caller.agent_token.clone());
    for step in ["agent token", "person token", "auth token"] {
        let Some(shown) = token.take() else { return Ok(()) };
        token = match call(step, &caller, Some(&shown), method, path).await? {
            Some(Requirement::PersonToken) if person.is_some() => person.take(),
            Some(Requirement::PersonToken) => {
                let answer = caller.ps.person_token(&agent, &metadata, RESOURCE, &DANA, None).await?;
                text(caller.settled("person", answer).await?.as_ref().map(|found| &found["person_token"]))
            }
            Some(Requirement::AuthToken { resource_token }) => {
                let no_person = Person::default();
                let answer = caller.ps.auth_token(&agent, &metadata, &resource_token, &shown, &no_person).await?;
                text(caller.settled("auth", answer).await?.as_ref().map(|found| &found["auth_token"]))
            }
            _ => None,
        };
    }
    Ok(())
}

fn text(value: Option<&Value>) -> Option<String> {
    value.and_then(Value::as_str).map(str::to_owned)
}

impl Caller {
    /// What the person server grants in the end; polls while it says 202.
    async fn settled(&self, step: &str, first: Answer) -> Outcome<Option<Value>> {
        let agent = Agent { agent_token: &self.agent_token, key: &self.key };
        let (mut answer, mut step) = (first, step.to_owned());
        loop {
            match answer {
                Answer::Granted(found) => {
                    say(json!({ "step": step, "status": 200 }));
                    return Ok(Some(found));
                }
                Answer::Denied { status, reason } => {
                    say(json!({ "step": step, "status": status, "detail": reason }));
                    return Ok(None);
                }
                Answer::Pending { location, retry_after } => {
                    say(json!({ "step": step, "status": 202 }));
                    tokio::time::sleep(std::time::Duration::from_secs(retry_after)).await;
                    step = step.trim_end_matches(" poll").to_owned() + " poll";
                    answer = self.ps.poll(&agent, &location).await?;
                }
                _ => return Err("an answer this version of the crate does not have".into()),
            }
        }
    }
}

async fn call(step: &str, caller: &Caller, token: Option<&str>, method: &str, path: &str) -> Outcome<Option<Requirement>> {
    let url = format!("{RESOURCE}{path}");
    let body = (method == "POST").then(|| json!({ "question": "stock" }).to_string().into_bytes());
    let outgoing = Outgoing { method, url: &url, content_type: None, body: body.as_deref(), created: now_unix() };
    let route = connect_to()?.route(&url)?;
    let mut request = reqwest::Client::new()
        .request(method.parse()?, &route.url)
        .header("host", route.host.unwrap_or_default());
    if let Some(token) = token {
        request = request.headers(header_map(&sign_jwt(&caller.key, token, &outgoing)?)?);
    }
    let response = request.body(body.unwrap_or_default()).send().await?;
    let field = |name: &str| response.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
    let asked = field(requirement::HEADER).and_then(|value| Requirement::parse(&value));
    let error = field("signature-error")
        .and_then(|value| value.split([',', ';']).next().map(|first| first.trim_start_matches("error=").to_owned()));
    let status = response.status().as_u16();
    let found: Value = serde_json::from_slice(&response.bytes().await?).unwrap_or_default();
    let code = error.or_else(|| text(found.get("error")));
    say(json!({
        "step": step, "status": status, "code": code, "requirement": asked.as_ref().map(Requirement::name),
        "detail": found.get("detail"),
    }));
    Ok(if status == 401 { asked } else { None })
}
