import { type DescribeEvent, describe, type EventWording } from "../describe-event.ts";

const WORDS: EventWording = {
  signed: ({ scheme, attempt, tokenId }) =>
    `scheme ${scheme}${attempt === 1 && tokenId !== undefined ? ", with the agent token" : ""}`,
  // Requests are signed, so a 401 that requires a signature has rejected the signature or the
  // token.
  wanted: ({ status, level }) =>
    status === 401 && level === "pseudonymous"
      ? "the signature or the token was not accepted"
      : `the caller must be ${level}`,
  requested: ({ type, requestType, server }) => ({
    action: type,
    details: `request_type=${requestType} sent to ${server}`,
  }),
  received: ({ type, token }) => {
    const { agent, agent_delegate, scope } = token.claims;
    const details = `agent ${agent}, ${named("agent_delegate", agent_delegate)}, ${named("scope", scope)}`;
    return { action: type, details: `Auth token ${token.tokenId}: ${details}` };
  },
  held: (tokenId) => ({
    action: "token_cache_hit",
    details: `Auth token ${tokenId}, cached from the previous call`,
  }),
};

/** The published extension omits `agent_delegate`. */
const named = (claim: string, value: unknown) =>
  value === undefined ? `no ${claim}` : `${claim} ${String(value)}`;

export const describeFebruaryEvent: DescribeEvent = (event) => describe(event, WORDS);
