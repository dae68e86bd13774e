import { isRecord } from "../run/trace-span.ts";
import { fromBase64 } from "../saved-run-file.ts";
import type { DigestedPart, RecordedMessage } from "./http-parts.ts";
import { InputError } from "./input-error.ts";

const FORMAT = "aauth-mission-1";

/** Whether JSON is a mission that a person server has exported. */
export const isMission = (json: unknown): json is Record<string, unknown> =>
  isRecord(json) && json.format === FORMAT;

/**
 * Reads the signed requests in the log of an exported mission (draft -11, sections 7.8 and 8.3).
 * The file has the keys of their signers' agent providers. The mission and each accepted update are
 * parts that `explainRecorded` compares with their digests.
 *
 * @throws InputError `mission_damaged` for a file of another shape, a log with a gap, or an entry
 *   that differs from its signed request
 */
export function readMission({
  person_server,
  s256,
  mission,
  keys,
  log,
}: Record<string, unknown>): RecordedMessage[] {
  const origin = text(person_server, "person_server");
  const digested: DigestedPart[] = [part("the mission", mission, s256)];
  const document = isRecord(keys) && Object.keys(keys).length > 0 ? JSON.stringify(keys) : undefined;
  const messages: RecordedMessage[] = [];
  for (const [index, entry] of listed(log).entries()) {
    if (entry.n !== index) throw damaged(`entry ${index} of its log is missing`); // hole W18
    if (entry.type === "updated")
      digested.push(part(`the update of entry ${index}`, entry.bytes, entry.s256));
    if (!isRecord(entry.signed)) continue;
    const { method, target, headers, body } = entry.signed;
    const bytes = bytesOf(body, `the body of entry ${index}`);
    requireSame(entry, bytes, index);
    messages.push({
      message: {
        method: text(method, "method"),
        url: origin + text(target, "target"),
        headers: isRecord(headers) ? (headers as Record<string, string>) : {},
        body: bytes,
      },
      ...(typeof entry.at === "number" && { sentAt: entry.at }),
      ...(document !== undefined && { keys: document }),
      digested,
    });
  }
  if (messages.length === 0)
    throw new InputError("no_signed_entry", "no request of the mission's log is signed");
  return messages;
}

/** Members of an entry that repeat its signed request. */
const REPEATED = ["action", "description", "parameters", "result"] as const;

/** Compares what an entry says with the request that was signed. */
function requireSame(entry: Readonly<Record<string, unknown>>, body: Uint8Array<ArrayBuffer>, index: number) {
  const said = saidBy(entry);
  if (said === undefined) return;
  const signed = JSON.parse(new TextDecoder().decode(body)) as Record<string, unknown>;
  const differs = REPEATED.some((name) => JSON.stringify(said[name]) !== JSON.stringify(signed[name]));
  if (differs) throw damaged(`entry ${index} of its log differs from its signed request`); // hole W18a
}

/** What an entry says of its request; undefined for a request for a token. */
function saidBy(entry: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> | undefined {
  if (entry.type === "recorded") return entry;
  const { action, fromAgent } = isRecord(entry.request) ? entry.request : {};
  if (!isRecord(action) || !isRecord(fromAgent)) return undefined;
  return { action: action.name, description: fromAgent.description, parameters: action.parameters };
}

function part(name: string, bytes: unknown, digest: unknown): DigestedPart {
  return { name, bytes: bytesOf(bytes, name), digest: text(digest, "s256") };
}

function bytesOf(value: unknown, name: string): Uint8Array<ArrayBuffer> {
  try {
    return fromBase64(text(value, name).replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    throw damaged(`${name} is not base64url`);
  }
}

function text(value: unknown, name: string): string {
  if (typeof value === "string") return value;
  throw damaged(`${name} is not a string`);
}

function listed(log: unknown): readonly Readonly<Record<string, unknown>>[] {
  if (Array.isArray(log) && log.every(isRecord)) return log;
  throw damaged("log is not a list");
}

const damaged = (why: string) => new InputError("mission_damaged", `the mission is damaged: ${why}`);
