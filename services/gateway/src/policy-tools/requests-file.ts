import { z } from "zod";
import { loadYaml } from "../configuration/load-configuration.ts";

const recordedRequest = z.strictObject({
  name: z.string().min(1),
  method: z
    .string()
    .regex(/^[A-Z]+$/, "expected a method in capitals")
    .default("POST"),
  url: z.url({ protocol: /^http$/, error: "expected an http URL, with the host the caller names" }),
  headers: z.record(z.string().toLowerCase(), z.string()).default({}),
  /** gateway-authz's description of the caller: `extauthz.aauth`. */
  aauth: z.record(z.string(), z.json()).default({}),
  expect: z.enum(["allowed", "refused"]).optional(),
});

const requestsFile = z.strictObject({
  requests: z.array(recordedRequest).min(1, "there is nothing to test"),
});

/** A request to test, with its caller as gateway-authz would describe it. */
export type RecordedRequest = z.output<typeof recordedRequest>;

/**
 * Reads a file of recorded requests. Environment references are expanded as in the policy file, so
 * that both use the same ports and identities.
 *
 * @throws ConfigurationError with every problem and its line
 */
export function readRequestsFile(options: Parameters<typeof loadYaml>[0]): RecordedRequest[] {
  return loadYaml(options, requestsFile).requests;
}
