import type { ActClaim, ProvenCaller } from "aauth";

const MAX_NAME_CHARACTERS = 200;

/**
 * Describes on whose behalf an authorized caller asks: its own name, the user, and the agents it
 * acts for, nearest first (`act`, profile 4.4). Undefined for callers without an auth token, which
 * ask for themselves.
 */
export function commissionOf(caller: ProvenCaller | undefined): string | undefined {
  if (caller?.grant === undefined || caller.agent === undefined) return undefined;
  const { agent, delegate, person } = caller;
  const { act } = caller.grant;
  const user = person?.sub ?? act?.sub;
  const parts = [named(agent)];
  if (delegate !== undefined) parts.push(`through its delegate ${named(delegate)}`);
  if (user !== undefined) parts.push(`for user ${named(user)}`);
  const chain = chainOf(act);
  if (chain.length > 0) parts.push(`called by ${chain.map(named).join(", called by ")}`);
  return parts.join(", ");
}

function chainOf(act: ActClaim | undefined): string[] {
  return act === undefined ? [] : [act.agent, ...chainOf(act.act)];
}

/** Quotes a name, which is verified but still foreign text in a Markdown report. */
function named(text: string): string {
  const line = text.replace(/[\p{C}\s`]+/gu, " ").trim();
  return `\`${line.length > MAX_NAME_CHARACTERS ? `${line.slice(0, MAX_NAME_CHARACTERS)}…` : line}\``;
}
