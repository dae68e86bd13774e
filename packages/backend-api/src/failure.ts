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
 * What that party was doing when it refused.
 *
 * `connection` nothing listens; `timeout` no response in time; `signature` the request signature
 * was refused; `identity` a named agent was demanded; `policy` the caller is known and not allowed;
 * `challenge` the resource's challenge was refused by the backend; `token_request` the auth server
 * refused or failed to issue a token; `consent` the user's consent is missing, expired or given by
 * another user; `rpc` a JSON-RPC error came back; `answer` the response could not be read;
 * `internal` a fault of the backend itself.
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
 * Why a run failed, for a user to act on. It never holds a token, a key, a header value or a stack.
 */
export const failureSchema = z.object({
  hop: hopSchema.optional(),
  check: checkSchema.optional(),
  /**
   * Stable code to branch on: an AAuth error code, an OAuth error, `http_403`, `rpc_-32603`,
   * `connection_refused` …
   */
  code: z.string().optional(),
  /**
   * Section of the specification that demands what failed, where the error names one:
   * `draft -11, section 7.2`.
   */
  section: z.string().optional(),
  /** One sentence: what happened. */
  message: z.string(),
  /** One sentence: what to try. */
  advice: z.string().optional(),
});
export type Failure = z.infer<typeof failureSchema>;
