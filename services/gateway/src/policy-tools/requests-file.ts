import { z } from "zod";
import { expandEnvironment } from "../configuration/expand-environment.ts";
import { parseYaml } from "../configuration/parse-yaml.ts";
import { ConfigurationError, type ConfigurationProblem, formatPath } from "../configuration/problem.ts";

const recordedRequest = z.strictObject({
  name: z.string().min(1),
  method: z
    .string()
    .regex(/^[A-Z]+$/, "expected a method in capitals")
    .default("POST"),
  url: z.url({ protocol: /^http$/, error: "expected an http URL, with the host the caller names" }),
  headers: z.record(z.string().toLowerCase(), z.string()).default({}),
  /** What gateway-authz says of the caller: `extauthz.aauth`. */
  aauth: z.record(z.string(), z.json()).default({}),
  expect: z.enum(["allowed", "refused"]).optional(),
});

const requestsFile = z.strictObject({
  requests: z.array(recordedRequest).min(1, "there is nothing to test"),
});

/** One request to try, with its caller as gateway-authz would describe it. */
export type RecordedRequest = z.output<typeof recordedRequest> & { readonly line?: number };

/**
 * Reads a file of recorded requests. References to the environment are expanded as in the policy file, so that both follow one set of
 * ports and identities.
 *
 * @throws ConfigurationError with every problem and its line
 */
export function readRequestsFile(options: {
  text: string;
  source: string;
  env: Readonly<Record<string, string | undefined>>;
}): RecordedRequest[] {
  const refuseIfAny = (problems: readonly ConfigurationProblem[]) => {
    if (problems.length > 0) throw new ConfigurationError(options.source, problems);
  };
  const expanded = expandEnvironment(options.text, options.env);
  refuseIfAny(expanded.problems);
  const { yaml, problems } = parseYaml(expanded.text);
  refuseIfAny(problems);
  const lineAt = (path: readonly PropertyKey[]) => {
    const line = yaml!.lineOf(path);
    return line === undefined ? {} : { line };
  };
  const parsed = requestsFile.safeParse(yaml!.data);
  if (!parsed.success) {
    refuseIfAny(
      parsed.error.issues.map(({ path, message }) => ({
        path: formatPath(path),
        ...lineAt(path),
        message: message.replace(/^Invalid input: /, ""),
      })),
    );
  }
  return parsed.data!.requests.map((request, index) => ({ ...request, ...lineAt(["requests", index]) }));
}
