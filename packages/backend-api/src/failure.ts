import { z } from "zod";

/** The party at which a run failed. */
export const hopSchema = z.enum([
  "backend",
  "gateway",
  "supply-chain-agent",
  "market-analysis-agent",
  "auth-server",
  "person-server",
  "access-server",
]);
export type Hop = z.infer<typeof hopSchema>;

/**
 * Kind of failure at that party.
 *
 * `connection`: it could not be reached; `timeout`: no response in time; `signature`: it refused
 * the request's signature; `identity`: it required an identified agent; `policy`: it does not allow
 * the caller; `challenge`: the backend refused its challenge; `token_request`: the auth server
 * issued no token; `consent`: the user's consent is missing, expired or given by another user;
 * `rpc`: it returned a JSON-RPC error; `answer`: its response could not be read; `internal`: an
 * error of the backend itself.
 */
export const checkSchema = z.enum([
  "connection",
  "timeout",
  "signature",
  "identity",
  "policy",
  "challenge",
  "token_request",
  "consent",
  "rpc",
  "answer",
  "internal",
]);
export type Check = z.infer<typeof checkSchema>;

/**
 * Reason why a run failed, and advice for the user. Never contains a token, a key, a header value
 * or a stack.
 */
export const failureSchema = z.object({
  hop: hopSchema.optional(),
  check: checkSchema.optional(),
  /**
   * Stable code to branch on: an AAuth error code, an OAuth error, `http_403`, `rpc_-32603`,
   * `connection_refused`, …
   */
  code: z.string().optional(),
  /**
   * Section of the specification with the broken rule, if the error names one:
   * `draft -11, section 7.2`.
   */
  section: z.string().optional(),
  /** One sentence: what happened. */
  message: z.string(),
  /** One sentence: what to try. */
  advice: z.string().optional(),
});
export type Failure = z.infer<typeof failureSchema>;
