import { ERROR_MEANINGS } from "../error-meanings.ts";
import { readRefusal, type StatedRefusal } from "../read-refusal.ts";
import { ownMember } from "../run/trace-span.ts";
import { REMEDIES } from "../sentences.ts";

/** An answer to a probe. */
export interface ProbeAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The outcome of a probe in a plain sentence, and what to change. */
export interface Finding {
  /**
   * `accepted`, `challenged` (the signature is accepted, and more is required), `refused`,
   * `no_aauth`, or `unknown`.
   */
  readonly state: "accepted" | "challenged" | "refused" | "no_aauth" | "unknown";
  readonly sentence: string;
  /** Absent where nothing is to be changed. */
  readonly remedy?: string;
  /** Whether a probe that is signed for another address may tell more. */
  readonly isSignature?: boolean;
}

/** The request that was sent. */
export interface SentProbe {
  readonly signatureBase: string;
  /** Names of the signature's fields. */
  readonly fields: readonly string[];
}

/** Refusals of a caller whose signature is valid. */
const MORE_IS_REQUIRED =
  /^(?:identity_required|person_required|authorization_required|insufficient_scope|user_required)$/;
/** Refusals of the probe's own identity, which it has made up. */
const OF_IDENTITY =
  /^(?:unsupported_scheme|profile_not_accepted|untrusted_(?:agent|issuer)|discovery_\w+|unknown_key|metadata_\w+|issuer_\w+|invalid_jwt)$/;

/** Reads the answer to a signed probe beside the one to the same request without a signature. */
export function readAnswer(
  answer: ProbeAnswer,
  unsigned: ProbeAnswer | undefined,
  sent: SentProbe,
  speaksAAuth: (answer: ProbeAnswer) => boolean,
): Finding {
  const { status, headers, body } = answer;
  const isAAuth = speaksAAuth(answer) || (unsigned !== undefined && speaksAAuth(unsigned));
  if (status >= 300 && status < 400)
    return {
      state: "unknown",
      sentence: `It redirects (status ${status}). A signature is for one address, and no redirect is followed.`,
      remedy: "Probe the address that the answer names, if it is yours.",
    };
  if (status < 400) {
    if (unsigned !== undefined && unsigned.status >= 400 && unsigned.status < 500)
      return { state: "accepted", sentence: "The signature is accepted, by its key alone." };
    return {
      state: isAAuth ? "unknown" : "no_aauth",
      sentence:
        unsigned === undefined
          ? "It answers. Whether it has read the signature cannot be known without the same request unsigned."
          : "It answers the same with and without a signature: nothing at this address asks for one.",
      remedy: "Probe a path that is to be protected, or put a gate in front of this one.",
    };
  }
  const difference = reportedDifference(body, sent.signatureBase);
  if (difference !== undefined) return difference;
  const refusal = readRefusal(headers, body);
  const code = codeOf(refusal, isAAuth);
  if (code !== undefined) return refused(code, refusal, answer, sent);
  if (isAAuth && /\brequirement=/.test(headers["aauth-requirement"] ?? ""))
    return {
      state: "challenged",
      sentence: "It requires a token, and does not object to the signature.",
      remedy: "Follow the challenge in the answer.",
    };
  return withoutCode(answer, isAAuth);
}

/** The most exact code. One in a body alone counts only of a server that speaks AAuth. */
const codeOf = ({ field, signatureError, error }: StatedRefusal, isAAuth: boolean): string | undefined =>
  field?.code ?? signatureError ?? (isAAuth ? error : undefined);

function withoutCode({ status, headers }: ProbeAnswer, isAAuth: boolean): Finding {
  if (headers["accept-signature"] !== undefined)
    return {
      state: "refused",
      sentence: "It asks for another signature (Accept-Signature, RFC 9421 section 5.1), and not by AAuth.",
      remedy: "Sign the components that Accept-Signature names, with a key that the server knows.",
    };
  if (isAAuth || status >= 500)
    return {
      state: "unknown",
      sentence: `It answers with status ${status} and does not say why: what it objects to cannot be known from this answer.`,
      remedy: "Look at the server's log: the observer of aauth-explain/refusals writes the reason.",
    };
  const scheme = /^\s*([\w-]{1,30})/.exec(headers["www-authenticate"] ?? "")?.[1];
  const instead = scheme === undefined ? "" : ` It asks for ${scheme}.`;
  return {
    state: "no_aauth",
    sentence: `It answers with status ${status}, and nothing in it is of AAuth: no gate is at this address, or a proxy answers before it.${instead}`,
    remedy: "Put a gate in front of the route, and let proxies pass on the signature fields and the answer.",
  };
}

function refused(
  code: string,
  { field, reason }: StatedRefusal,
  answer: ProbeAnswer,
  sent: SentProbe,
): Finding {
  const by = field?.by === undefined ? "" : ` by the ${field.by}`;
  const remedy = ownMember(REMEDIES, code);
  if (MORE_IS_REQUIRED.test(code))
    return {
      state: "challenged",
      sentence: `The signature arrives as it was sent, and is valid. More is required${by}: ${meaningOf(code)}`,
      ...(remedy !== undefined && { remedy }),
    };
  const told = `Refused${by} (${code}): ${(reason ?? meaningOf(code)).replace(/\.?$/, ".")}`;
  // Only a name that was sent is repeated as one.
  const names = code === "missing_signature" || code === "missing_component" ? sentNames(sent) : [];
  const missing = names.find((name) => field?.missing === name || reason?.endsWith(` has no ${name}`));
  if (missing !== undefined)
    return changed(
      told,
      `${missing} was sent and did not arrive: a proxy on the way drops it. Let it pass on.`,
    );
  if (code === "missing_signature")
    return changed(
      told,
      `The fields ${sent.fields.join(", ")} were sent, and not all of them arrived: a proxy on the way drops one. Which one cannot be known from this answer.`,
    );
  if (code === "label_mismatch" || code.startsWith("malformed_signature"))
    return changed(
      told,
      "The signature fields were well formed when sent: a proxy on the way changes one of them.",
    );
  if (code === "signature_replayed" || code === "nonce_replayed")
    return changed(told, "It was sent once: a proxy on the way sends requests twice (a retry, or a mirror).");
  if (code === "digest_missing" || code === "digest_mismatch")
    return changed(told, "It was sent without a body: a proxy on the way adds one.");
  if (code === "created_out_of_window" || code === "clock_skew") return clocks(told, answer);
  if (code === "insufficient_coverage" || code === "invalid_input") {
    const wanted =
      field?.missing ?? /required_input=(\([^)]*\))/.exec(answer.headers["signature-error"] ?? "")?.[1];
    return {
      state: "refused",
      sentence: told,
      remedy:
        wanted === undefined
          ? "The server requires another set of components, and does not name it."
          : `Cover what the server requires: ${wanted}. Its metadata can say so (additional_signature_components).`,
    };
  }
  if (code === "invalid_signature") return { state: "refused", sentence: told, isSignature: true };
  if (OF_IDENTITY.test(code))
    return {
      state: "unknown",
      sentence: `${told} The signature fields arrive. The probe's key is new and no party vouches for it, so this server does not judge the signature: whether a proxy changes a signed field cannot be known from this answer.`,
      remedy: "Record a request of an agent that the server knows, with its answer, and explain that.",
    };
  return { state: "refused", sentence: told, ...(remedy !== undefined && { remedy }) };
}

const changed = (sentence: string, remedy: string): Finding => ({ state: "refused", sentence, remedy });

function clocks(sentence: string, { headers }: ProbeAnswer): Finding {
  const seconds = Math.round((Date.parse(headers.date ?? "") - Date.now()) / 1000);
  const by =
    Number.isNaN(seconds) || Math.abs(seconds) < 30
      ? "Its Date does not show by how much the clocks differ."
      : `By its Date, its clock is ${Math.abs(seconds)} s ${seconds > 0 ? "ahead of" : "behind"} this one.`;
  return { state: "refused", sentence, remedy: `${by} ${REMEDIES.created_out_of_window}` };
}

const meaningOf = (code: string): string => ownMember(ERROR_MEANINGS, code) ?? "the server gives no reason.";

const LINE = /"(@?[a-z][a-z0-9-]{0,60})(?:;[^"\n]*)?": ([^\n]*)/g;

const sentNames = ({ fields, signatureBase }: SentProbe): string[] => [
  ...fields,
  ...[...signatureBase.matchAll(LINE)].map(([, name = ""]) => name),
];

/** The first line of a signature base in the body that is not the signed one. */
function reportedDifference(body: string, signed: string): Finding | undefined {
  const theirs = linesOf(body.replaceAll("\\n", "\n").replaceAll('\\"', '"'));
  if (!theirs.has("@signature-params") && !theirs.has("@authority")) return undefined;
  for (const [name, value] of linesOf(signed)) {
    const built = theirs.get(name);
    // The end of JSON may follow the last line.
    if (built === undefined || built.startsWith(value)) continue;
    const shown = name.startsWith("@") && name !== "@signature-params";
    const values = shown ? `: ${built.slice(0, 200)}, signed as ${value.slice(0, 200)}` : "";
    return {
      state: "refused",
      sentence: `The signature base that the server reports differs from the signed one in ${name}${values}.`,
      remedy: `A proxy on the way changes ${name}, or the server takes it from the wrong place: let it pass on as sent, or configure the server with its public address.`,
    };
  }
  return undefined;
}

const linesOf = (text: string) =>
  new Map([...text.matchAll(LINE)].map(([, name = "", value = ""]) => [name, value]));
