/**
 * Checks of an agent.
 *
 * @module
 */

import { setTimeout as sleep } from "node:timers/promises";
import { thumbprint } from "../judge/keys.ts";
import { fieldOf } from "../judge/message.ts";
import type { ClauseName } from "../manifest/clauses.ts";
import { BASE_COMPONENTS, BODY_COMPONENTS, tokenOf } from "../messages/plan.ts";
import * as F from "../messages/token-flaws.ts";
import { freshAgent, type World } from "../peers/world.ts";
import { type Check, differs, type Row } from "../suite/check.ts";
import { checksOf, pairOf, type Spec } from "../suite/rows.ts";
import { jsonOf } from "../suite/target.ts";
import * as B from "./agent-bench.ts";
import { agentDeferralRows } from "./agent-deferral.ts";

type Bench = B.AgentBench;
type Problem = string | false | undefined;
const { accepts, refuses } = pairOf<Bench>();
const chaining = pairOf<Bench>(["chaining"]);
const parents = pairOf<Bench>(["sub-agents"]);
const should = pairOf<Bench>([], "should");
const servingRows = (rows: readonly Parameters<typeof B.serving>[]) => rows.map((row) => B.serving(...row));
const refusingRows = (rows: readonly Parameters<typeof B.refusing>[]) =>
  rows.map((row) => B.refusing(...row));

const isAtServer = ({ step }: B.Seen) => step.endsWith("-request");
const bodyAt = (run: B.Run, step: B.Step) => jsonOf({ body: B.atStep(run, step)[0]?.message.body ?? "" });
const tokenAt = (run: B.Run, step: B.Step) => B.atStep(run, step)[0]?.parameters.jwt;
const uncovered = ({ covered }: B.Seen, names: readonly string[]): Problem => {
  const open = names.filter((name) => !covered.includes(name));
  return open.length > 0 && `it does not cover ${open.join(", ")}`;
};

/** Judges each message of a call. */
const each =
  (problemOf: (seen: B.Seen, world: World) => Problem) =>
  ({ seen }: B.Run, { world }: Bench): Problem =>
    seen.map((message) => problemOf(message, world)).find(Boolean);
const eachToServer = (problemOf: (seen: B.Seen) => Problem) =>
  each((seen) => isAtServer(seen) && problemOf(seen));
const eachToResource = (problemOf: (seen: B.Seen) => Problem) =>
  each((seen) => !isAtServer(seen) && problemOf(seen));
const without = (name: string) => each(({ input }) => input?.params.has(name) && `it has ${name}`);

const created = each(({ input }, { now }) => {
  const at = input?.params.get("created");
  return !(Math.abs(Number(at) - now()) <= 60) && `created is ${String(at)}`;
});
const capable = eachToResource(
  ({ message }) => fieldOf(message, "aauth-capabilities") === undefined && "there is no AAuth-Capabilities",
);
const demanding: B.Call = { at: "resource-other", path: "/data?a=b%20c", body: "{}" };
const demanded = eachToResource((seen) => uncovered(seen, B.DEMANDED) || seen.problems[0]);

/** A call that is refused until its signature covers the query. */
function refused(): B.Call {
  const names = [...BASE_COMPONENTS, "@query"].map((name) => `"${name}"`).join(" ");
  const fields = { "signature-error": `error=invalid_input, required_input=(${names})` };
  const answer: B.Answers["agent"] = (usual, seen) =>
    uncovered(seen, ["@query"]) ? { status: 401, fields } : usual;
  return { path: "/data?a=b", script: { answers: { agent: answer, person: answer, auth: answer } } };
}

const signed = each(({ problems: [first] }) => first);
const covering = each((seen) => uncovered(seen, BASE_COMPONENTS));
const coveringBody = eachToServer((seen) => uncovered(seen, BODY_COMPONENTS));
const withJwt = each(({ scheme }) => differs("the scheme", scheme, "jwt"));
const asAgent = eachToServer(({ jwt }) => differs("typ", jwt?.header.typ, "aa-agent+jwt"));
const learning = () => undefined;

const messageRows = servingRows([
  ["11.3.3-01", "11.3.3/each", "signs each request", signed],
  ["11.3.3.1-01", "11.3.3.1/base", "covers the base components", covering],
  ["11.3.3.1-02", "11.3.3.1/body", "covers the body at its person server", coveringBody],
  ["11.3.3.2-01", "11.3.3.2/created", "sets created to the current time", created],
  ["11.3.3.2-02", "11.3.3.2/no-alg", "sends no alg", without("alg")],
  ["11.3.3.2-03", "11.3.3.2/no-keyid", "sends no keyid", without("keyid"), {}, "should"],
  ["11.3.2-01", "11.3.2/jwt", "uses the scheme jwt", withJwt],
  ["7.1-01", "7.1/signed", "shows its agent token to its person server", asAgent],
  ["11.7-01", "11.7/header", "names its capabilities to a resource", capable, {}, "should"],
  ["11.2.4-01", "11.2.4/must", "covers what the resource demands", demanded, demanding],
  ["11.3.3.1-03", "11.3.3.1/learn", "covers what a refusal demands", learning, refused, "should"],
]);

/** A resource at which a person token is enough. */
const PERSONAL: B.Script = { answers: { person: () => ({ status: 200, body: "served" }) } };

/** A resource that asks for more scope, so many times. */
const steppingUp =
  (times: number) =>
  (bench: Bench): B.Call => {
    let left = times;
    const auth: B.Answers["auth"] = (usual, seen) => {
      left -= 1;
      return left < 0 ? usual : B.askForAuth(bench, seen, { scope: `data.read data.${left}` });
    };
    return { script: { answers: { auth } } };
  };
const unknown: B.Call = { script: { answers: { agent: () => B.challenge("from-the-future") } } };
const bounded =
  (most: number) =>
  ({ seen: { length } }: B.Run) =>
    length > most && `it sent ${length} requests`;

const asking: B.Judge = (run, { world }) =>
  differs("resource", bodyAt(run, "person-request")?.resource, world.parties.resource.id);
const showing: B.Judge = (run) => tokenAt(run, "person") === undefined && "it did not";
const redeeming: B.Judge = (run) => {
  const body = bodyAt(run, "auth-request");
  if (typeof body?.resource_token !== "string") return "there is no resource_token";
  return differs("presented_token", body.presented_token, tokenAt(run, "person"));
};
const steppedUp: B.Judge = (run) => {
  const last = B.atStep(run, "auth-request").at(-1)?.message.body ?? "";
  return differs("presented_token", jsonOf({ body: last })?.presented_token, tokenAt(run, "auth"));
};

const flowRows: readonly Spec<Bench>[] = [
  ...servingRows([
    ["6.4-01", "6.4/obtain", "asks for a person token for the resource", asking],
    ["6.4-02", "6.4/retry", "shows a person token", showing, { script: PERSONAL }],
    ["6.7.3-01", "6.7.3/send", "sends the resource token with the token it has shown", redeeming],
    ["6.5-01", "6.5/ready", "steps up from an auth token", steppedUp, steppingUp(1)],
  ]),
  accepts("9.4.2-01", "9.4.2/present", "shows its auth token on the next request", async (bench) => {
    const agent = freshAgent(bench.world);
    const run = await again(bench, { agent });
    return differs("the first step", run.seen[0]?.step, "auth");
  }),
  should.accepts("7.1-02", "7.1/cache", "keeps a person token until it expires", async (bench) => {
    const run = await again(bench, { agent: freshAgent(bench.world), script: PERSONAL });
    return B.atStep(run, "person-request").length > 0 && "it asked for another";
  }),
  ...refusingRows([
    ["11.6.2-01", "11.6.2/unknown", "gives up on an unknown requirement", unknown, bounded(3)],
    ["6.5-02", "6.5/ready", "ends a call that is challenged on and on", steppingUp(99), bounded(99)],
  ]),
];

/** Makes a call after another, which must both be served. */
async function again(bench: Bench, first: B.Call, second = first): Promise<B.Run> {
  await B.served(bench, first);
  return B.served(bench, second);
}

type FlawRow = readonly [number: string, clause: ClauseName, flaw: string, F.Flaw, level?: Row["level"]];

const typed = F.header({ typ: "JWT" });
const ofOther = F.issuedBy("resource-other", "aauth-resource.json");
const ofAccessServer = F.issuedBy("as", "aauth-access.json");

const RESOURCE_FLAWS: readonly FlawRow[] = [
  ["6.7.3-02", "6.7.3/iss", "of another resource", ofOther],
  ["6.7.3-03", "6.7.3/jkt", "for another key", F.anotherJkt],
  ["6.7.3-04", "6.7.3/ps", "that names another person server", F.anotherServer],
  ["6.7.3-05", "6.7.3/ps", "for another person", F.anotherPerson],
  ["6.7.3-06", "6.7.3/ps", "for another presented token", F.claims({ presented_jti: "another" })],
  ["6.7.3-07", "6.7.3/exp", "that has expired", F.endingIn(-100)],
  ["6.7.3-08", "6.7.3/verify", "that is forged", F.forged],
  ["6.7.3-09", "6.7.3/verify", "of another typ", typed],
];
const AUTH_FLAWS: readonly FlawRow[] = [
  ["9.4.4-01", "9.4.4/iss", "of another issuer", ofAccessServer],
  ["9.4.4-02", "9.4.4/aud", "for another resource", F.forAnother],
  ["9.4.4-03", "9.4.4/cnf", "for another key", F.anotherKey],
  ["9.4.4-04", "9.4.4/sub", "for another person", F.anotherPerson],
  ["9.4.4-05", "9.4.4/signature", "that is forged", F.forged, "should"],
];
/** The text names no checks of a person token at the agent. */
const PERSON_FLAWS: readonly FlawRow[] = [
  ["7.1.2-01", "7.1.2/aud", "for another resource", F.forAnother, "may"],
  ["7.1.2-02", "7.1.2/cnf", "for another key", F.anotherKey, "may"],
];

const refusedTokens = (kind: "resource" | "auth" | "person", step: B.Step, flaws: readonly FlawRow[]) =>
  flaws.map(([number, clause, flaw, change, level]) => {
    const judge = (run: B.Run) => B.atStep(run, step).length > 0 && "it used it";
    const own = { script: { tokens: { [kind]: change } } };
    return B.refusing(number, clause, `uses no ${kind} token ${flaw}`, own, judge, level);
  });

const redirected = (step: B.Step, name: "resource-other" | "ps-other"): B.Call => {
  const answer = ({ party, message }: B.Seen) => {
    const location = `https://${party.host.replace(party.name, name)}${message.target}`;
    return { status: 307, fields: { location } };
  };
  return { script: { answers: { [step]: (_: unknown, seen: B.Seen) => answer(seen) } } };
};
/** Messages that show a token for the resource to another party. */
const elsewhere = (name: string) =>
  each(({ party, jwt }, { parties }) => {
    const isMeant = party.name === name && [undefined, party.id].includes(jwt?.claims.aud as string);
    return party.name === name && !(isMeant && party !== parties["ps-other"]) && "it was sent there";
  });
const toResource = [redirected("person", "resource-other"), elsewhere("resource-other")] as const;
const toServer = [redirected("auth-request", "ps-other"), elsewhere("ps-other")] as const;
const answering = (answer: B.Answers["person-request"]): B.Call => ({
  script: { answers: { "person-request": answer! } },
});
const huge = answering(() => ({ status: 200, body: { person_token: "x".repeat(3_000_000) } }));
const never = answering(() => new Promise(() => {}));
const noJudge = undefined;

const placeRows: readonly Spec<Bench>[] = [
  refuses("7.1-03", "7.1/one", "shows no token of one resource to another", async (bench) => {
    const agent = freshAgent(bench.world);
    const run = await again(bench, { agent }, { agent, at: "resource-other" });
    return elsewhere("resource-other")(run, bench);
  }),
  ...refusingRows([
    ["7.1-04", "7.1/one", "shows no person token where a redirect leads", ...toResource],
    ["7.2.1-01", "7.2.1/signed", "sends its tokens to no server that a redirect names", ...toServer],
    ["13.3-01", "13.3/validate", "ends a call whose token answer has 3 megabytes", huge, noJudge, "may"],
    ["13.3-02", "13.3/validate", "ends a call whose token answer never comes", never, noJudge, "may"],
  ]),
  refuses("7.9-01", "7.9/rotate", "uses no token of an earlier key", async (bench) => {
    const agent = freshAgent(bench.world);
    const { key } = freshAgent(bench.world);
    const run = await again(bench, { agent }, { agent: { ...agent, key } });
    const keyOf = ({ jwt }: B.Seen) => thumbprint((jwt?.claims.cnf as { jwk?: object })?.jwk as never);
    const wanted = thumbprint(key.publicJwk);
    return each((seen) => seen.problems[0] ?? differs("the key", keyOf(seen), wanted))(run, bench);
  }),
  refuses("7.9-02", "7.9/expires", "shows no token that has expired", async (bench) => {
    const agent = freshAgent(bench.world);
    const auth = F.claims(({ now }) => ({ exp: now() + 2 }));
    await B.served(bench, { agent, script: { tokens: { auth } } });
    await sleep(3000);
    const run = await B.served(bench, { agent });
    return each(({ jwt }, { now }) => Number(jwt?.claims.exp) <= now() && "it did")(run, bench);
  }),
  refuses("11.2-01", "11.2/mismatch", "asks no person server whose document is another's", async (bench) => {
    const { ps, "ps-other": other } = bench.world.parties;
    const address = "/.well-known/aauth-person.json";
    const own = other.documents.get(address) as object;
    await B.served(bench);
    other.documents.set(address, { ...own, issuer: ps.id });
    const run = await B.call(bench, { claims: { ps: other.id } });
    other.documents.set(address, own);
    return run.seen.some(isAtServer) && "it asked it";
  }),
];

/** A call of an intermediary for its caller, whose person server is not its own. */
function chained({ world }: Bench): B.Call & { more: { upstream_token: string } } {
  const { intermediary, "ps-other": other } = world.parties;
  const upstream_token = tokenOf(world.personToken(intermediary.id, { confirms: freshAgent(world).key }));
  return { agent: freshAgent(world, intermediary), claims: { ps: other.id }, more: { upstream_token } };
}
const upstreamAt = (run: B.Run, step: B.Step, { more }: ReturnType<typeof chained>) =>
  differs("upstream_token", bodyAt(run, step)?.upstream_token, more.upstream_token);

const delegationRows: readonly Spec<Bench>[] = [
  chaining.accepts("10.1.1-01", "10.1.1/route", "asks the caller's person server", async (bench) => {
    const isOwn = eachToServer(({ party }) => differs("the server", party.name, "ps"));
    return isOwn(await B.served(bench, chained(bench)), bench);
  }),
  chaining.accepts("10.1.1-02", "10.1.1/first", "shows whom it acts for", async (bench) => {
    const own = chained(bench);
    return upstreamAt(await B.served(bench, own), "person-request", own);
  }),
  chaining.accepts("10.1.1-03", "10.1.1/then", "shows it with the resource token", async (bench) => {
    const own = chained(bench);
    return upstreamAt(await B.served(bench, own), "auth-request", own);
  }),
  chaining.refuses("10.1.1-04", "10.1.1/body", "signs with no upstream token", async (bench) => {
    const own = chained(bench);
    const { seen } = await B.served(bench, own);
    return seen.some(({ parameters }) => parameters.jwt === own.more.upstream_token) && "it did";
  }),
  chaining.refuses("10.1.1-05", "10.1.1/agent", "uses tokens of one caller for no other", async (bench) => {
    const first = chained(bench);
    const second = { ...first, more: chained(bench).more };
    return upstreamAt(await again(bench, first, second), "person-request", second);
  }),
  B.refusing(
    "10.2.3-01",
    "10.2.3/sub",
    "asks for nothing as a sub-agent",
    ({ world }) => ({ claims: { parent_agent: world.agent.id } }),
    ({ seen }) => seen.some(isAtServer) && "it asked its person server",
  ),
  parents.accepts("10.2.3-02", "10.2.3/person", "asks for its sub-agent", async (bench) => {
    const agent = freshAgent(bench.world);
    const child = { ...freshAgent(bench.world), id: agent.id.replace("@", "+child@") };
    const plan = bench.world.agentToken({ agent: child, claims: { parent_agent: agent.id } });
    const subagent_token = tokenOf(plan);
    const run = await B.served(bench, { agent, more: { subagent_token } });
    const signer = B.atStep(run, "person-request")[0]?.jwt?.claims.sub;
    const sent = bodyAt(run, "person-request")?.subagent_token;
    return differs("subagent_token", sent, subagent_token) ?? differs("the signer", signer, agent.id);
  }),
];

/** All checks of an agent, in the order in which they run. */
export const AGENT_CHECKS: readonly Check<Bench>[] = checksOf("agent", [
  ...messageRows,
  ...flowRows,
  ...refusedTokens("resource", "auth-request", RESOURCE_FLAWS),
  ...refusedTokens("auth", "auth", AUTH_FLAWS),
  ...refusedTokens("person", "person", PERSON_FLAWS),
  ...agentDeferralRows,
  ...placeRows,
  ...delegationRows,
]);
