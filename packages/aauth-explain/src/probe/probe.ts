/**
 * A signed request to a server of one's own, and what its answer says about the way there.
 *
 * @module
 */

import {
  AAuthError,
  draft11,
  generateSigningKey,
  type SigningKey,
  signRequest,
  toJwks,
  type WireProfile,
} from "aauth";
import { REFUSAL_FIELD } from "aauth/resource";
import { issueAgentToken } from "aauth/server";
import { createGuardedTransport, requestTarget } from "aauth/wire";
import { addressEdits } from "../edits.ts";
import { KNOWN_PROFILES } from "../known-profiles.ts";
import type { MessageToExplain } from "../message.ts";
import { InputError } from "../read/input-error.ts";
import { type Finding, type ProbeAnswer, readAnswer } from "./read-answer.ts";

export type { Finding } from "./read-answer.ts";

/** A probe with its outcome. */
export interface Probe extends Finding {
  /** Dialect of the signed request. */
  readonly profile: string;
  /** The last signed request as sent, and its answer. */
  readonly message: MessageToExplain;
  /** Key sets of the probe's identity as JSON, for `explainRecorded`. */
  readonly keys: readonly string[];
  /** Requests that were sent, documents included. */
  readonly requests: number;
}

/** First the one with a scheme for a bare key. */
const DIALECTS = KNOWN_PROFILES.toReversed();
/** No provider has this name (RFC 2606), so no server can take the probe for an agent of it. */
const PROVIDER = "https://aauth-explain.invalid";
const PROBE_TIMEOUT_MS = 5000;
const TOTAL_TIMEOUT_MS = 30_000;
/** Requests that are signed for another address. */
const MAX_VARIANTS = 24;
const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Sends a GET without and with a signature by a key that is made for it, and reads the answers.
 * If the server refuses the signature and not the key, the probe is signed for other addresses, up
 * to 24 times: one that the server then accepts proves what a proxy changes. The guard of discovery
 * applies: https, or loopback and `*.localhost` if the address is one; no redirect; 5 s and 64 KiB
 * for each answer, 30 s in all.
 *
 * Does NOT prove that an agent would be accepted, and sees only what the answers state.
 *
 * @param method with an unsafe one, a single request is sent. It has no body. Default: GET
 * @throws InputError `bad_usage` for an address or method that cannot be sent, `blocked_address`,
 * `no_answer`
 */
export async function probe(address: string, method = "GET"): Promise<Probe> {
  const url = checkedAddress(address);
  if (!/^[A-Z]{1,20}$/.test(method)) throw new InputError("bad_usage", "--method is a method, such as GET");
  const send = senderTo(url, method);
  const isSafe = SAFE.has(method);
  const unsigned = isSafe ? await send({}) : undefined;
  const spoken = DIALECTS.find((profile) => unsigned && speaks(profile)(unsigned));
  const signers = await Promise.all((spoken ? [spoken] : DIALECTS).map(signerOf));
  let last: Omit<Probe, "requests"> | undefined;
  for (const { profile, sign, keys } of isSafe ? signers : signers.slice(0, 1)) {
    const { signatureKey, signatureInput, signature } = profile.messages.fields;
    const fields = [signatureKey, signatureInput, signature];
    const read = (answer: ProbeAnswer, signatureBase: string) =>
      readAnswer(answer, unsigned, { signatureBase, fields }, isAAuth);
    const { headers, signatureBase } = await sign(method, url.href);
    const answer = await send(headers);
    const { isSignature, ...finding } = read(answer, signatureBase);
    const response = { ...answer, body: new TextEncoder().encode(answer.body) };
    const message = { method, url: url.href, headers, response };
    last = { ...finding, profile: profile.name, message, keys };
    if (isSignature) {
      const remedy = isSafe ? await acceptedVariant(url, { method, send, sign, read }) : CHANGED_SOMEWHERE;
      last = { ...last, remedy };
    }
    if (speaks(profile)(answer) || isSignature || finding.state === "accepted") break;
  }
  return { ...last!, requests: send.count() };
}

/** Whether an answer has a field that only this dialect has. */
const speaks =
  ({ display }: WireProfile) =>
  ({ headers }: ProbeAnswer): boolean =>
    Object.keys(display.answerFields).some((name) => headers[name] !== undefined);

const isAAuth = (answer: ProbeAnswer): boolean =>
  answer.headers[REFUSAL_FIELD] !== undefined || DIALECTS.some((profile) => speaks(profile)(answer));

function checkedAddress(address: string): URL {
  const url = URL.parse(address);
  if (url === null || !/^https?:$/.test(url.protocol) || url.username + url.password !== "")
    throw new InputError("bad_usage", "the address is an http or https URL without a user");
  url.hash = "";
  return url;
}

type Send = ((headers: Readonly<Record<string, string>>, path?: string) => Promise<ProbeAnswer>) & {
  readonly count: () => number;
};

function senderTo(url: URL, method: string): Send {
  const isLocal = /^(?:(?:[\w-]+\.)*localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
  const transport = createGuardedTransport({ development: isLocal }); // hole X22: createGuardedTransport({ development: true })
  const ends = Date.now() + TOTAL_TIMEOUT_MS;
  let requests = 0;
  const send = async (headers: Readonly<Record<string, string>>, path?: string): Promise<ProbeAnswer> => {
    const signal = AbortSignal.timeout(Math.max(1, Math.min(PROBE_TIMEOUT_MS, ends - Date.now())));
    const to = path === undefined ? url : new URL(path, url);
    requests++;
    try {
      const init = { method: path === undefined ? method : "GET", headers: { ...headers }, signal };
      const response = await transport(to.href, init);
      const { status } = response;
      return { status, headers: Object.fromEntries(response.headers), body: await response.text() };
    } catch (error) {
      throw unanswered(error);
    }
  };
  return Object.assign(send, { count: () => requests });
}

function unanswered(error: unknown): InputError {
  if (error instanceof AAuthError)
    return new InputError(
      "blocked_address",
      `${error.message}: a probe goes to https addresses of the public network, or to this machine`,
    );
  if (error instanceof RangeError) return new InputError("no_answer", "the answer has more than 64 KiB");
  const { name, message, code } = error as { name?: string; message?: string; code?: string };
  const why = name === "TimeoutError" ? "no answer within 5 s, or 30 s in all" : (code ?? message ?? "");
  return new InputError("no_answer", `the address does not answer: ${why.slice(0, 200)}`);
}

type Sign = (method: string, url: string) => ReturnType<typeof signRequest>;

async function signerOf(profile: WireProfile): Promise<{
  readonly profile: WireProfile;
  readonly sign: Sign;
  readonly keys: readonly string[];
}> {
  const key = await generateSigningKey({ kid: "probe" });
  // Draft -11 has no scheme without a token.
  const { signatureKey, keys } =
    profile === draft11 ? await madeUpAgent(key) : { signatureKey: { scheme: "hwk" } as const, keys: [] };
  return {
    profile,
    sign: (method, url) => signRequest({ method, url }, { key, signatureKey, profile }),
    keys,
  };
}

async function madeUpAgent(key: SigningKey) {
  const provider = await generateSigningKey({ kid: "probe-provider" });
  const { token } = await issueAgentToken({
    key: provider,
    issuer: PROVIDER,
    agent: `aauth:probe@${new URL(PROVIDER).host}`,
    confirmationKey: key.publicJwk,
  });
  return {
    signatureKey: { scheme: "jwt", jwt: token } as const,
    keys: [JSON.stringify({ [PROVIDER]: toJwks([provider]) })],
  };
}

interface Variants {
  readonly method: string;
  readonly send: Send;
  readonly sign: Sign;
  readonly read: (answer: ProbeAnswer, signatureBase: string) => Finding;
}

/** Searches the address for which the server takes this request. */
async function acceptedVariant(url: URL, { method, send, sign, read }: Variants): Promise<string> {
  const { scheme, authority, target } = requestTarget(url.href);
  const parts = { method, scheme, authority, target, headers: {}, components: [], signatureParams: "" };
  const named = await send({}, "/.well-known/aauth-resource").then(namedHosts, () => []);
  const tried = new Set([`${authority}${target}`]);
  for (const { part, parts: edited } of addressEdits(parts, named)) {
    const id = `${edited.authority}${edited.target}`;
    const signedFor = `${edited.scheme}://${id}`;
    if (tried.has(id) || tried.size > MAX_VARIANTS || !URL.canParse(signedFor)) continue;
    tried.add(id);
    const { headers, signatureBase } = await sign(method, signedFor);
    const { state } = read(await send(headers), signatureBase);
    if (state === "accepted" || state === "challenged")
      return `The server accepts a signature for ${signedFor} on this request to ${url.href}: a proxy on the way changes the ${part}, or the server is configured with another address. Let the proxy pass it on, or configure the server with its public address.`;
  }
  return CHANGED_SOMEWHERE;
}

const CHANGED_SOMEWHERE =
  "The fields of the signature arrive, and it does not verify: a signed component was changed on the way, or the server has another address. Which one cannot be known from this answer.";

/** Hosts that a resource's metadata name. */
function namedHosts({ body }: ProbeAnswer): string[] {
  const names = [...body.slice(0, 10_000).matchAll(/"(?:resource|issuer)"\s*:\s*"([^"]{1,300})"/g)];
  return names.flatMap(([, name = ""]) => URL.parse(name)?.host ?? []);
}
