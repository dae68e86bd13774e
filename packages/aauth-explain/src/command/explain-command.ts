import { parseArgs } from "node:util";
import { explainRecorded } from "../explain-recorded.ts";
import { KNOWN_PROFILES } from "../known-profiles.ts";
import { InputError, textOfInput } from "../read/input-error.ts";
import { readInput } from "../read/read-input.ts";
import { isPage } from "../saved-run-file.ts";
import { visibleLines, visibleText } from "../visible-text.ts";
import { explainProbe } from "./explain-probe.ts";
import { printExplanation } from "./print-explanation.ts";
import { explainSavedRun } from "./saved-run-table.ts";

const HELP = `npm run explain -- FILE|-|URL [flags]

Takes a signed request apart: a raw HTTP request and its answer, a curl command line, the log of curl -v, or a HAR recording, of draft -11,
February 2026, Web Bot Auth or another use of RFC 9421. Of a run that was saved as an HTML file, verifies each message that the file has
whole, by the keys in it; of a mission that a person server has exported, its digests, its log and each signed request. Says which check accepts or refuses it, why, and what to change. Sends nothing and fetches nothing; the key of
scheme hwk is in the request, others come from --jwks.

Of a URL, which is to be that of a server of yours: sends it a GET without and with a signature by a key made for it, and says what the answer shows
of the way there: a proxy that drops or changes what is signed is named where the answer shows it. No redirect is followed; private networks are not reached.

  --jwks FILE      keys of agents and issuers: {"keys":[…]}, or {"identifier":{"keys":[…]}}; may be repeated
  --audience ID    resource identifier that an auth token must be for (default: the request's origin)
  --issuer ID      issuer whose auth tokens count; may be repeated (default: the token's own)
  --level LEVEL    what the route demands: pseudonymous, identified or authorized; agent-token, person-token or auth-token in draft -11
  --scope SCOPE    a scope that it demands; may be repeated
  --endpoint ROLE  what it was sent to: resource, token, pending or revocation (default: resource; revocation for a server of draft -11)
  --at TIME        judge at: now, created, or Unix seconds (default: when it was recorded, else when it was signed)
  --entry N        only the Nth signed request of a recording
  --method METHOD  of a URL: the method in place of GET, sent once
  --json           the verdict tree as JSON

Exit status: 0 accepted, 1 refused, 2 undecided (a key is in no file) or the input is not valid.`;

/** Messages of an input that are explained, as on the page. */
const MAX_MESSAGES = 100;

export interface ExplainIo {
  /** `-` is standard input. @throws Error when it cannot be read */
  readonly read: (name: string) => Promise<Uint8Array>;
  readonly print: (text: string) => void;
  readonly printError: (text: string) => void;
  readonly colour: boolean;
  /** Unix seconds. */
  readonly now: () => number;
}

/**
 * Runs the command and returns the exit status: 0 if every message was accepted, 1 if one was
 * refused, 2 if one could not be judged.
 */
export async function runExplainCommand(argv: readonly string[], io: ExplainIo): Promise<0 | 1 | 2> {
  try {
    return await explain(argv, io);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    io.printError(visibleText(`explain: ${error.code}: ${error.message}`));
    return 2;
  }
}

async function explain(argv: readonly string[], io: ExplainIo): Promise<0 | 1 | 2> {
  const { values, positionals } = readArguments(argv);
  if (values.help) {
    io.print(HELP);
    return 0;
  }
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) {
    throw new InputError("bad_usage", "name one file, one URL, or - for standard input; --help has the rest");
  }
  if (/^https?:\/\//i.test(file)) return explainProbe(file, { ...io, ...values });
  const input = await readFrom(io, file);
  if (isPage(new TextDecoder().decode(input.subarray(0, 100))))
    return explainSavedRun(input, { ...io, json: values.json === true });
  const { issuer: issuers, scope: scopes, jwks = [], audience, level, at, endpoint } = values;
  const keys = await Promise.all(jwks.map(async (name) => textOfInput(await readFrom(io, name))));
  const options = {
    profiles: KNOWN_PROFILES,
    keys,
    issuers,
    scopes,
    audience,
    level,
    at,
    endpoint,
    now: io.now,
  };
  const judged = [];
  const picked = pick(readInput(input), values.entry);
  const unread = picked.length - MAX_MESSAGES;
  if (unread > 0)
    io.printError(
      `explain: ${MAX_MESSAGES} messages, and ${unread} that are not read: --entry N reads one of them`,
    );
  for (const recorded of picked.slice(0, MAX_MESSAGES)) judged.push(await explainRecorded(recorded, options));
  if (values.json) io.print(visibleLines(JSON.stringify(judged.length === 1 ? judged[0] : judged, null, 2)));
  else {
    const trees = judged.map((explanation) => printExplanation(explanation, io));
    io.print(trees.join(`\n\n${"=".repeat(72)}\n\n`));
  }
  if (judged.some(({ verdict }) => verdict === "refused")) return 1;
  return unread <= 0 && judged.every(({ verdict }) => verdict === "accepted") ? 0 : 2;
}

function readArguments(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        jwks: { type: "string", multiple: true },
        audience: { type: "string" },
        issuer: { type: "string", multiple: true },
        level: { type: "string" },
        scope: { type: "string", multiple: true },
        at: { type: "string" },
        endpoint: { type: "string" },
        entry: { type: "string" },
        method: { type: "string" },
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw new InputError("bad_usage", error instanceof Error ? error.message : "unknown flag");
  }
}

async function readFrom({ read }: ExplainIo, name: string): Promise<Uint8Array> {
  try {
    return await read(name);
  } catch (error) {
    if (error instanceof InputError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new InputError("cannot_read", `${name} cannot be read${code ? `: ${code}` : ""}`);
  }
}

function pick<T>(requests: readonly T[], entry: string | undefined): readonly T[] {
  if (entry === undefined) return requests;
  const request = /^\d+$/.test(entry) ? requests[Number(entry) - 1] : undefined;
  if (request === undefined) {
    throw new InputError("bad_usage", `--entry is a number from 1 to ${requests.length}`);
  }
  return [request];
}
