import type { Failure } from "backend-api";

/** The user did not come back from the supply-chain agent's page in time. */
export const INTERACTION_EXPIRED: Failure = {
  hop: "supply-chain-agent",
  check: "challenge",
  code: "interaction_expired",
  message: "The supply-chain agent's page was not answered in time.",
  advice: "Order again and answer the page within ten minutes.",
};

/** A second demand would send the user round in circles. */
export const INTERACTION_REPEATED: Failure = {
  hop: "supply-chain-agent",
  check: "challenge",
  code: "interaction_repeated",
  message: "The supply-chain agent wants the user in person again, although the user has just been there.",
  advice: "Order again and decide on the page; if this goes on, look at the supply-chain agent's log.",
};
