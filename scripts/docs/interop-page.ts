import { readFile } from "node:fs/promises";
import { REPOSITORY_ROOT } from "../demo/stack.ts";
import { swapTable } from "./swap-table.ts";
import { table } from "./table.ts";

const SOURCES = `${REPOSITORY_ROOT}tests/interop/draft-11/`;

/** A row of results.json; flows and signatures differ in who takes part. */
interface Result {
  readonly verdict: string;
  /** Why it is no plain success, with the section of the draft where the peer is wrong by it. */
  readonly reason?: string;
}
interface Flow extends Result {
  readonly agent: string;
  readonly resource: string;
  readonly ps: string;
  readonly call: readonly string[];
  readonly flow: string;
}
interface Signature extends Result {
  readonly signer: string;
  readonly verifier: string;
  readonly sender: string;
  readonly extra?: readonly string[];
}

/** A message with one mistake, and the verifiers that differ from what the draft has for it. */
interface Lapse {
  readonly mistake: string;
  readonly draft: string;
  readonly section: string;
  readonly verdicts?: Readonly<Record<string, string>>;
}

const VERIFIERS = ["ours", "introspection-aauth", "regent-httpsig", "aauth-protocol", "@hellocoop/httpsig"];

/** Name, registry, what it is here, and the file with its pinned version. */
const PEERS = [
  [
    "introspection-aauth",
    "PyPI",
    "person server, access server, agent, verifier",
    "python/introspection.txt",
  ],
  ["regent-httpsig", "PyPI", "resource, signer, verifier", "python/regent.txt"],
  ["aauth", "PyPI", "resource tokens of the resource of `regent-httpsig`", "python/regent.txt"],
  ["aauth-protocol", "crates.io", "agent, resource, signer, verifier", "rust/Cargo.toml"],
  ["@hellocoop/mockin", "npm", "person server of an August draft", "js/package.json"],
  ["@hellocoop/httpsig", "npm", "signer, verifier", "js/package.json"],
] as const;

/** docs/reference/interop.md, made of the results that the interoperability tests expect. */
export async function interopPage(): Promise<string> {
  const { flows, signatures, lapses } = JSON.parse(await readFile(`${SOURCES}results.json`, "utf8")) as {
    flows: readonly Flow[];
    signatures: readonly Signature[];
    lapses: readonly Lapse[];
  };
  const peers = await Promise.all(
    PEERS.map(async ([name, registry, role, file]) => [
      `\`${name}\``,
      await pinnedVersion(name, file),
      registry,
      role,
    ]),
  );
  return `# Interoperability

\`npm run test:interop\` runs the peers on loopback and compares the results with \`results.json\` in \`tests/interop\` and \`tests/interop/draft-11\`;
\`npm run docs\` makes this page of both. The peers are installed into an ignored cache; those whose \`python3\` or \`cargo\` is missing are
skipped, and the summary says so. Not tested: macOS, arm64, Windows.

A result is *verified*; *served unverified*, where the resource answers although it could not verify the signature; or the code of a refusal and the party that
refused.

## Draft -11

${table(["Peer", "Version", "Registry", "Role"], peers)}
### Flows

\`/agent\` requires an agent token, \`/person\` a person token, \`/ps\` an auth token of the person server and \`/as\` one of the access server
(\`introspection-aauth\`, or ours beside our person server), after a decision at \`-waiting\`; at \`-refused\` its policy refuses. The agent and the resource
of [the guide](../guide.md#todays-protocol-draft--11) run with both foreign person servers, too.

${table(
  ["Agent", "Resource", "Person server", "Verified", "Refused"],
  grouped(flows, ({ agent, resource, ps }) => [agent, resource, ps]).map(([parties, results]) => [
    ...parties.map(code),
    ...verifiedAndRefused(results, ({ call: [method, target = ""] }) => {
      const [path] = target.split("?");
      return `\`${method === "GET" ? path : `${method} ${path}`}\``;
    }),
  ]),
)}
### Signatures

Two hundred random messages of each kind, with paths, queries, fields and bodies, signed by one library and verified by the other.

${table(
  ["Signer", "Verifier", "Verified", "Refused"],
  grouped(signatures, ({ signer, verifier }) => [signer, verifier]).map(([parties, results]) => [
    ...parties.map(code),
    ...verifiedAndRefused(results, ({ sender, extra = [] }) => [sender, ...extra.map(code)].join(" with ")),
  ]),
)}
### Mistakes

Messages of an agent with one mistake each. An empty cell agrees with the draft. \`@hellocoop/httpsig\` leaves tokens and the choice of schemes to its
caller; \`aauth-protocol\` has token codes of its own.

${table(
  ["Mistake", "Draft", "Section", ...VERIFIERS.map(code)],
  lapses.map(({ mistake, draft, section, verdicts = {} }) => [
    mistake,
    shortVerdict(draft),
    section,
    ...VERIFIERS.map((verifier) => shortVerdict(verdicts[verifier] ?? "")),
  ]),
)}
## February 2026

### Boxes swapped with the published demo

Backend, supply-chain agent and market-analysis agent are replaced by peers that speak the published demo's dialect; the other parties are ours. A
cell is the result of the supply-chain agent's call and of the market-analysis agent's, or of both. *Verified* is with an auth token in mode
autonomous, after consent and by token exchange in user-delegated. \`-\`: no auth server takes part.

*Named* says where the peers are in \`AAUTH_PUBLISHED_PEERS\` (and, for mode hwk, in \`AAUTH_PUBLISHED_HWK\`). The published services are a checkout's (\`npm run
test:interop -- --demo PATH\`); the published extension (d55e82a, Keycloak 26.2.5) is a peer in a Keycloak's \`providers\` (\`--keycloak PATH\`). Beside the
published supply-chain agent, ours has \`MARKET_ANALYSIS_AUTONOMOUS_LEVEL=identified\`.

${swapTable()}
## Other implementations

| Peer | What was run |
| --- | --- |
| \`http-message-signatures\` 1.0.6, \`jose\` 6 | property tests both ways: equal signature bases; each verifies the other's messages and tokens |
| \`aauth\` 0.1.0, the published demo's library | 200 random messages each way, known answers (\`february-2026/sign-request.json\`) |
| agents written from the profile's page alone | all modes through the gateway, every negative row |
| Keycloak with our provider | contract suite, journeys in a browser ([differences](../february-2026/auth-servers.md)) |
| Agentgateway 1.4.1, Envoy 1.40, nginx 1.22, Traefik 3.7 | the gateway contract ([differences](gateways.md)) |
| Jaeger 2.13 | contract suite of the query API, main flows |
`;
}

/** Results by who took part, in the order of the file. */
function grouped<T>(
  results: readonly T[],
  partiesOf: (result: T) => readonly string[],
): readonly (readonly [readonly string[], readonly T[]])[] {
  const groups = Map.groupBy(results, (result) => partiesOf(result).join("\n"));
  return [...groups.values()].map((alike) => [partiesOf(alike[0]!), alike]);
}

/** Two cells: what was verified, and every other result with its reason. */
function verifiedAndRefused<T extends Result>(
  results: readonly T[],
  nameOf: (result: T) => string,
): readonly [string, string] {
  const verified = results.filter(({ verdict }) => verdict === "verified").map(nameOf);
  const others = results
    .filter(({ verdict }) => verdict !== "verified")
    .map((result) => {
      const name = nameOf(result);
      const isExpected = name.includes("-refused");
      const reason = result.reason === undefined || isExpected ? "" : `: ${result.reason}`;
      return `${name}: ${shortVerdict(result.verdict)}${reason}`;
    });
  return [[...new Set(verified)].join("; "), others.join("; ")];
}

/** The code of a refusal, and who refused. */
const shortVerdict = (verdict: string): string => verdict.replace(/^refused \((.*)\)$/, "$1");

const code = (text: string): string => (text.startsWith("ours") ? text : `\`${text}\``);

/** @throws Error for a file that does not pin it */
async function pinnedVersion(name: string, file: string): Promise<string> {
  const text = await readFile(`${SOURCES}${file}`, "utf8");
  const version = new RegExp(`^\\s*"?${name}"?(?:==|: "| = "=)([\\d.]+)`, "m").exec(text)?.[1];
  if (version === undefined) throw new Error(`${file} does not pin ${name}`);
  return version;
}
