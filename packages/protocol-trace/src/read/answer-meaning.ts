import { partyName } from "./parties.ts";
import type { Message } from "./protocol-run.ts";
import { readRequirement } from "./requirement-field.ts";

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
  if (signer === undefined) return meaning("The application’s own answer.", "4.3");
  const { requirement = "" } = readRequirement(message.response) ?? {};
  if (status === 202) return WAITS[requirement]?.(message) ?? later(message);
  if (status < 400) return success(message);
  if (status === 424) return unreachable(message);
  const isRefused = signer.token !== undefined && message.response.headers?.["signature-error"] !== undefined;
  if (isRefused) return refusal(message);
  const challenge = status === 401 || status === 402 ? CHALLENGES[requirement] : undefined;
  return challenge?.(message) ?? refusal(message);
}

function pageAnswer({ outcome }: Message): Meaning {
  return outcome === "pending"
    ? meaning("The person has not decided yet. The agent polls meanwhile.", "7.3", "11.8")
    : meaning(
        "The page sends the browser back to the agent’s callback, which carries no decision. The agent learns it by polling.",
        ...["7.3", "11.8"],
      );
}

const CHALLENGES: Readonly<Record<string, (message: Message) => Meaning>> = {
  "agent-token": ({ to }) =>
    meaning(`${partyName(to)} needs to know which agent calls: it wants an agent token.`, "6.1"),
  "person-token": ({ to }) =>
    meaning(
      `${partyName(to)} needs to know for whom the agent acts: it wants a person token. There is no resource token in this challenge, as an agent token names no person.`,
      ...["6.4", "6.7", "11.6"],
    ),
  "auth-token": (message) => {
    const { aud, scope } = resourceTokenIn(message)?.claims ?? {};
    const asked = scope === undefined ? "" : ` for scope ${String(scope)}`;
    const where =
      aud === undefined ? "" : ` It is redeemed at ${String(aud)} (aud), by way of the person server.`;
    return meaning(
      `${partyName(message.to)} knows the person and needs their authorization: it wants an auth token${asked}, and answers with a resource token. That repeats person and key of the request (sub, agent_jkt, presented_jti), so that no other agent can use it.${where}`,
      ...["6.5", "6.7.1", "6.7.3"],
    );
  },
};

const WAITS: Readonly<Record<string, (message: Message) => Meaning>> = {
  interaction: ({ to }) =>
    meaning(
      `${partyName(to)} answers later: a person has to decide first. The answer has the page and a code for them (AAuth-Requirement), and the Location to poll. This is no refusal.`,
      ...["11.8", "11.6.3", "7.3"],
    ),
  approval: ({ to }) =>
    meaning(
      `${partyName(to)} answers later: an approval is outstanding for which the agent can do nothing. It polls the Location. This is no refusal.`,
      ...["11.8", "11.6.4"],
    ),
  clarification: ({ to }) =>
    meaning(
      `${partyName(to)} passes on a question to the agent, which answers at the Location.`,
      "7.5.1",
      "11.8",
    ),
  claims: ({ to }) =>
    meaning(
      `${partyName(to)} requires claims of the person before it decides (required_claims).`,
      "9.2",
      "11.8",
    ),
  "auth-token": ({ to }) =>
    meaning(
      `${partyName(to)} holds the request and wants an auth token for it. The agent polls the Location with that token; the first such poll carries out the request.`,
      ...["6.5.1", "11.8"],
    ),
};

function later({ to }: Message): Meaning {
  return meaning(`${partyName(to)} answers later. The request is polled at its Location.`, "11.8");
}

function success(message: Message): Meaning {
  const { to, requestType, purpose } = message;
  const token = issuedTokenOf(message);
  if (token?.kind === "aa-person+jwt") {
    return meaning(
      `The person token, for one resource and the key of the agent. It ends no later than the agent token.`,
      ...["7.1.2", "7.1"],
    );
  }
  if (token?.kind === "aa-auth+jwt") {
    const isRelayed = token.claims?.iss !== token.claims?.ps && message.signer?.scheme !== "jwks_uri";
    return meaning(
      isRelayed
        ? `The auth token of the access server (iss). ${partyName(to)} has checked that it is what it had asked for, and hands it on.`
        : `The auth token: for one resource, one person and the key of the agent. It ends no later than the token that was presented.`,
      ...["9.4.1", isRelayed ? "9.1.3" : "9.4", "9.4.4"],
    );
  }
  if (requestType === "revocation") {
    return meaning(
      `Recorded for tokens that ${partyName(message.from)} has issued. What followed from them is taken back, too.`,
      "11.12",
    );
  }
  if (requestType === "cancel") return meaning("The pending request has ended.", "7.5");
  if (purpose === "token") return meaning(`${partyName(to)} has answered the request.`, "11.8");
  const isPoll = requestType === "poll";
  return meaning(
    isPoll
      ? `The answer that the request itself would have had, once. Then the Location is gone.`
      : `${partyName(to)} serves the request: what was presented is enough for this route.`,
    ...(isPoll ? ["11.8"] : ["6"]),
  );
}

function unreachable({ to }: Message): Meaning {
  return meaning(
    `${partyName(to)} has no channel to the person (interaction_unavailable). This is no refusal: the agent shows the page itself, and polls at the resource.`,
    "7.6.3",
  );
}

function refusal(message: Message): Meaning {
  const { status, response, purpose, requestType } = message;
  const to = message.stoppedAt ?? message.to;
  const code = /error=([a-z_]{1,40})/.exec(response.headers?.["signature-error"] ?? "")?.[1];
  if (code !== undefined) {
    const { requirement } = readRequirement(response) ?? {};
    const helps = requirement === undefined ? "" : ` It asks for a new one: ${requirement}.`;
    return meaning(
      `${partyName(to)} does not accept the signature or the token in Signature-Key: Signature-Error is ${code}.${helps}`,
      ...["11.3.4", "11.9.1", ...(requirement === undefined ? [] : ["11.6"])],
    );
  }
  const named = /"error"\s*:\s*"([a-z_]{1,40})"/.exec(response.body ?? "")?.[1];
  const error = named === undefined ? "" : `: ${named}`;
  if (requestType === "poll" && named === "not_found")
    return meaning(`For ${partyName(message.from)} there is no such request.`, "13.2", "11.8");
  if (requestType === "poll")
    return meaning(`The request has ended without what was asked for${error}.`, "11.9.4");
  if (requestType === "interaction") return meaning(`${partyName(to)} does not relay it${error}.`, "7.6.3");
  if (requestType === "revocation")
    return meaning(`${partyName(to)} does not take it back${error}.`, "11.12.3");
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
