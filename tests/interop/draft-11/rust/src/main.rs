//! An agent, a resource, and a signer and verifier of messages, over the crate `aauth-protocol`.
//!
//!     aauth-interop-draft-11 agent METHOD PATH [mission] | resource | messages
//!
//! As the programs in ../python: PARTIES in the environment has the origin of each party by its identifier, and standard output has a
//! line of JSON for each fact.

mod agent;
mod messages;
mod resource;
mod wire;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        ["agent", method, path, more @ ..] => agent::run(method, path, more.contains(&"mission")).await,
        ["resource"] => resource::run().await,
        ["messages"] => messages::run().await,
        _ => Err("agent METHOD PATH [mission] | resource | messages".into()),
    }
}
