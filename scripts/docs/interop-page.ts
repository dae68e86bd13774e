import { readFile } from "node:fs/promises";
import { REPOSITORY_ROOT } from "../demo/stack.ts";
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
  ["@hellocoop/mockin", "npm", "person server of an August text", "js/package.json"],
  ["@hellocoop/httpsig", "npm", "signer, verifier", "js/package.json"],
] as const;

/**
 * docs/reference/interop.md: what the live tests of draft -11 expect, with the peers' pinned
 * versions.
 */
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
  return `# Interoperability of draft -11

With whom draft -11 is tried, and what came of it. \`npm run test:interop\` runs the peers on loopback and compares each row below with
what happens; \`npm run docs\` makes this page of the same rows (\`tests/interop/draft-11/results.json\`). The peers are installed into an
ignored cache. Without \`python3\` or, for \`aauth-protocol\`, without \`cargo\` their rows are not run, and the summary says so.

A verdict is \`verified\`; \`served unverified\`, where a resource answers what it has not verified; or \`refused\` with the code and who
refused.

## Peers

${table(["Peer", "Version", "Registry", "Here"], peers)}
## Flows

The call names what the resource asks for: \`/agent\` an agent token, \`/person\` a person token, \`/ps\` an auth token of the person server,
\`/as\` one of the access server: \`introspection-aauth\`, or ours beside our person server. The agent and the resource of
[the guide](../guide.md#todays-protocol-draft--11) run with both foreign person servers, too.

${table(
  ["Agent", "Resource", "Person server", "Call", "Flow", "Verdict", "Reason"],
  flows.map(({ agent, resource, ps, call, flow, verdict, reason = "" }) => [
    ...[agent, resource, ps].map(code),
    code(call.slice(0, 2).join(" ")),
    flow,
    verdict,
    reason,
  ]),
)}
## Signatures

Two hundred random messages each, with paths, queries, fields and bodies: signed by one library and verified by the other.

${table(
  ["Signer", "Verifier", "Messages", "Verdict", "Reason"],
  signatures.map(({ signer, verifier, sender, extra = [], verdict, reason = "" }) => [
    code(signer),
    code(verifier),
    [`of an ${sender}`.replace("an server", "a server"), ...extra.map(code)].join(", covering "),
    verdict,
    reason,
  ]),
)}
## Mistakes

Messages of an agent with one mistake each, signed by hand. A cell is empty where a verifier does as the draft has it.
\`@hellocoop/httpsig\` verifies the signature; the token, and which schemes are accepted, it leaves to its caller. The codes of
\`aauth-protocol\` for tokens are its own.

${table(
  ["Mistake", "Draft", "Section", ...VERIFIERS.map(code)],
  lapses.map(({ mistake, draft, section, verdicts = {} }) => [
    mistake,
    draft,
    section,
    ...VERIFIERS.map((verifier) => verdicts[verifier] ?? ""),
  ]),
)}`;
}

const code = (text: string): string => (text === "ours" ? text : `\`${text}\``);

/** @throws Error for a file that does not pin it */
async function pinnedVersion(name: string, file: string): Promise<string> {
  const text = await readFile(`${SOURCES}${file}`, "utf8");
  const version = new RegExp(`^\\s*"?${name}"?(?:==|: "| = "=)([\\d.]+)`, "m").exec(text)?.[1];
  if (version === undefined) throw new Error(`${file} does not pin ${name}`);
  return version;
}
