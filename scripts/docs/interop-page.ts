import { readFile } from "node:fs/promises";
import { REPOSITORY_ROOT } from "../demo/stack.ts";
import { februaryTables } from "./february-2026/swap-table.ts";
import { table, withTables } from "./table.ts";

/** Tables that one dialect alone has, by dialect and heading. */
const OTHER_TABLES: Readonly<Record<string, () => Readonly<Record<string, string>>>> = {
  "february-2026": februaryTables,
};
const SOURCES = `${REPOSITORY_ROOT}tests/interop/draft-11/`;

/** A row of results.json; flows and signatures have different parties. */
interface Result {
  readonly verdict: string;
  /** Reason of a failure, with the section of the draft that the peer violates. */
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

/** A message with one mistake, and the verifiers that differ from the draft's verdict. */
interface Lapse {
  readonly mistake: string;
  readonly draft: string;
  readonly section: string;
  readonly verdicts?: Readonly<Record<string, string>>;
}

const VERIFIERS = ["ours", "introspection-aauth", "regent-httpsig", "aauth-protocol", "@hellocoop/httpsig"];

/** Name, registry, role here, and the file with its pinned version. */
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

/**
 * Tables of docs/reference/interop.md, generated from the results that the interoperability tests
 * expect.
 */
export async function interopPage(page: string): Promise<string> {
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
  const flowRows = grouped(
    flows,
    ({ agent, resource, ps }) => [agent, resource, ps],
    ({ call }) => {
      const [method, target = ""] = call;
      const [path] = target.split("?");
      return `\`${method === "GET" ? path : `${method} ${path}`}\``;
    },
  );
  const signatureRows = grouped(
    signatures,
    ({ signer, verifier }) => [signer, verifier],
    ({ sender, extra = [] }) => [sender, ...extra.map(code)].join(" with "),
  );
  const lapseRows = lapses.map(({ mistake, draft, section, verdicts = {} }) => [
    mistake,
    shortVerdict(draft),
    section,
    ...VERIFIERS.map((verifier) => shortVerdict(verdicts[verifier] ?? "")),
  ]);
  return withTables(page, {
    "Draft -11": table(["Peer", "Version", "Registry", "Role"], peers),
    Flows: table(["Agent", "Resource", "Person server", "Verified", "Refused"], flowRows),
    Signatures: table(["Signer", "Verifier", "Verified", "Refused"], signatureRows),
    Mistakes: table(["Mistake", "Draft", "Section", ...VERIFIERS.map(code)], lapseRows),
    ...Object.assign({}, ...Object.values(OTHER_TABLES).map((tables) => tables())),
  });
}

/** A row for each group of parties, in the order of the file. */
function grouped<T extends Result>(
  results: readonly T[],
  partiesOf: (result: T) => readonly string[],
  nameOf: (result: T) => string,
): readonly (readonly string[])[] {
  const groups = Map.groupBy(results, (result) => partiesOf(result).map(code).join("\n"));
  return [...groups].map(([parties, alike]) => [
    ...parties.split("\n"),
    ...verifiedAndRefused(alike, nameOf),
  ]);
}

/** Two cells: the verified cases, and every other result with its reason. */
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

/** The code of a refusal, and the party that refused. */
const shortVerdict = (verdict: string): string => verdict.replace(/^refused \((.*)\)$/, "$1");

const code = (text: string): string => (text.startsWith("ours") ? text : `\`${text}\``);

/** @throws Error for a file that does not pin it */
async function pinnedVersion(name: string, file: string): Promise<string> {
  const text = await readFile(`${SOURCES}${file}`, "utf8");
  const version = new RegExp(`^\\s*"?${name}"?(?:==|: "| = "=)([\\d.]+)`, "m").exec(text)?.[1];
  if (version === undefined) throw new Error(`${file} does not pin ${name}`);
  return version;
}
