import { readRefusal } from "../read-refusal.ts";
import { permissionIn } from "./mission-words.ts";
import { partyName } from "./parties.ts";
import type { Message } from "./protocol-run.ts";
import { readRequirement } from "./requirement-field.ts";
import { ownMember } from "./trace-span.ts";

/** One side of an exchange in words. */
export interface Meaning {
  readonly text: string;
  /** In the format of checks: `draft -11, section 6.4`. */
  readonly sections: readonly string[];
}

export function meaning(text: string, ...sections: string[]): Meaning {
  return { text, sections: sections.map((section) => `draft -11, section ${section}`) };
}

/** Explains an answer of draft -11; undefined before there is one. */
export function answerMeaning(message: Message): Meaning | undefined {
  const { status, interaction, signer } = message;
  if (interaction !== undefined) return pageAnswer(message);
  if (status === undefined) return undefined;
  if (signer === undefined) return meaning("The application’s answer, which AAuth does not define.", "4.3");
  const { requirement = "" } = readRequirement(message.response) ?? {};
  if (status === 202) return ownMember(WAITS, requirement)?.(message) ?? later(message);
  if (status < 400) return success(message);
  if (status === 424) return unreachable(message);
  const isRefused = signer.token !== undefined && message.response.headers?.["signature-error"] !== undefined;
  if (isRefused) return refusal(message);
  const challenge = status === 401 || status === 402 ? ownMember(CHALLENGES, requirement) : undefined;
  return challenge?.(message) ?? refusal(message);
}

function pageAnswer({ outcome }: Message): Meaning {
  return outcome === "pending"
    ? meaning("The person has not decided yet. The agent polls meanwhile.", "7.3", "11.8")
    : meaning(
        "The page redirects the browser to the agent’s callback without the decision. The agent learns it by polling.",
        "7.3",
        "11.8",
      );
}

const CHALLENGES: Readonly<Record<string, (message: Message) => Meaning>> = {
  "agent-token": ({ to }) =>
    meaning(`${partyName(to)} needs to know which agent calls and requires an agent token.`, "6.1"),
  "person-token": ({ to }) =>
    meaning(
      `${partyName(to)} needs to know whom the agent acts for and requires a person token. The challenge has no resource token, because an agent token names no person.`,
      "6.4",
      "6.7",
      "11.6",
    ),
  "auth-token": (message) => {
    const { aud, scope } = resourceTokenIn(message)?.claims ?? {};
    const asked = scope === undefined ? "" : ` for scope ${String(scope)}`;
    const where =
      aud === undefined ? "" : ` It is redeemed at ${String(aud)} (aud) through the person server.`;
    return meaning(
      `${partyName(message.to)} knows the person and needs their authorization: it requires an auth token${asked} and answers with a resource token. The resource token repeats the person, the key and the presented token of the request (sub, agent_jkt, presented_jti), so that no other agent can use it.${where}`,
      "6.5",
      "6.7.1",
      "6.7.3",
    );
  },
};

const WAITS: Readonly<Record<string, (message: Message) => Meaning>> = {
  interaction: ({ to }) =>
    meaning(
      `${partyName(to)} answers later: a person has to decide first. The answer contains the page and a code for the person (AAuth-Requirement) and the Location to poll. This is not a refusal.`,
      "11.8",
      "11.6.3",
      "7.3",
    ),
  approval: ({ to }) =>
    meaning(
      `${partyName(to)} answers later: it waits for an approval in which the agent takes no part. The agent polls the Location. This is not a refusal.`,
      "11.8",
      "11.6.4",
    ),
  clarification: ({ to }) =>
    meaning(
      `${partyName(to)} passes a question on to the agent, which answers at the Location.`,
      "7.5.1",
      "11.8",
    ),
  claims: ({ to }) =>
    meaning(
      `${partyName(to)} requires claims about the person before it decides (required_claims).`,
      "9.2",
      "11.8",
    ),
  "auth-token": ({ to }) =>
    meaning(
      `${partyName(to)} holds the request and requires an auth token for it. The agent polls the Location with that token; the first such poll executes the request.`,
      "6.5.1",
      "11.8",
    ),
};

function later({ to }: Message): Meaning {
  return meaning(`${partyName(to)} answers later. The agent polls the Location of the answer.`, "11.8");
}

function success(message: Message): Meaning {
  const { to, requestType, purpose } = message;
  const token = issuedTokenOf(message);
  if (token?.kind === "aa-person+jwt") {
    return meaning(
      `The person token for one resource and the key of the agent. It expires no later than the agent token.`,
      "7.1.2",
      "7.1",
    );
  }
  if (token?.kind === "aa-auth+jwt") {
    const isRelayed = token.claims?.iss !== token.claims?.ps && message.signer?.scheme !== "jwks_uri";
    return meaning(
      isRelayed
        ? `The auth token of the access server (iss). ${partyName(to)} has checked that it matches its request and passes it on.`
        : `The auth token for one resource, one person and the key of the agent. It expires no later than the presented token.`,
      "9.4.1",
      isRelayed ? "9.1.3" : "9.4",
      "9.4.4",
    );
  }
  if (requestType === "revocation") {
    return meaning(
      `Recorded for tokens that ${partyName(message.from)} issued. Tokens derived from them are revoked, too.`,
      "11.12",
    );
  }
  const aboutMission = missionAnswerMeaning(message);
  if (aboutMission !== undefined) return aboutMission;
  if (requestType === "cancel") return meaning("The pending request has ended.", "7.5");
  if (purpose === "token") return meaning(`${partyName(to)} has answered the request.`, "11.8");
  const isPoll = requestType === "poll";
  return meaning(
    isPoll
      ? `The answer to the original request, available once. The Location no longer exists afterwards.`
      : `${partyName(to)} serves the request: it meets the requirement of this route.`,
    ...(isPoll ? ["11.8"] : ["6"]),
  );
}

/** Meaning of an answer about a mission; undefined for another message. */
function missionAnswerMeaning(message: Message): Meaning | undefined {
  const { to, requestType } = message;
  const permission = permissionIn(message);
  if (permission !== undefined)
    return meaning(
      permission.isGranted
        ? `${partyName(to)} grants the action (permission) and has logged request and decision.`
        : `${partyName(to)} denies the action (permission, reason) and has logged request and decision. The agent must not proceed.`,
      "7.7",
      "8.3",
    );
  return requestType === "audit"
    ? meaning(`${partyName(to)} has added the record to the mission’s log.`, "7.8", "8.3")
    : undefined;
}

function unreachable({ to }: Message): Meaning {
  return meaning(
    `${partyName(to)} has no channel to the person (interaction_unavailable). This is not a refusal: the agent shows the page itself and polls at the resource.`,
    "7.6.3",
  );
}

function refusal(message: Message): Meaning {
  const { status, response, purpose, requestType } = message;
  const to = message.stoppedAt ?? message.to;
  const { signatureError: code, error: named } = readRefusal(response.headers, response.body);
  if (code !== undefined) {
    const { requirement } = readRequirement(response) ?? {};
    const helps = requirement === undefined ? "" : ` It requires a new token: ${requirement}.`;
    return meaning(
      `${partyName(to)} does not accept the signature or the token in Signature-Key: Signature-Error is ${code}.${helps}`,
      "11.3.4",
      "11.9.1",
      ...(requirement === undefined ? [] : ["11.6"]),
    );
  }
  const error = named === undefined ? "" : `: ${named}`;
  if (requestType === "poll" && named === "not_found")
    return meaning(`${partyName(message.from)} has no pending request at this address.`, "13.2", "11.8");
  if (requestType === "poll") return meaning(`The request has ended unsuccessfully${error}.`, "11.9.4");
  if (requestType === "interaction")
    return meaning(`${partyName(to)} does not relay the interaction${error}.`, "7.6.3");
  if (requestType === "revocation")
    return meaning(`${partyName(to)} does not revoke the token${error}.`, "11.12.3");
  if (purpose === "token") return meaning(`${partyName(to)} does not issue a token${error}.`, "11.9.3");
  return meaning(`${partyName(to)} does not serve the request (status ${status})${error}.`, "11.9", "6");
}

/** The resource token of a challenge, as recorded by its issuer or receiver. */
function resourceTokenIn({ verifiers, events }: Message) {
  return (
    verifiers.find(({ challenge }) => challenge?.resource_token !== undefined)?.challenge?.resource_token ??
    events.find(({ token }) => token?.kind === "aa-resource+jwt")?.token
  );
}

/** The token in the answer of a person server or an access server. */
function issuedTokenOf({ verifiers, events, purpose }: Message) {
  if (purpose !== "token") return undefined;
  return (
    verifiers.find(({ issuedToken }) => issuedToken !== undefined)?.issuedToken ??
    events.find(({ token }) => token?.kind === "aa-person+jwt" || token?.kind === "aa-auth+jwt")?.token
  );
}
