import type { z } from "zod";
import { documentSchema, type GatewayDocument } from "./document-schema.ts";
import type { ParsedYaml } from "./parse-yaml.ts";
import { type ConfigurationProblem, formatPath, notEmulated } from "./problem.ts";
import { isUpstreamKey } from "./upstream-keys.ts";

/** Of host names and matches, over all routes: each pair is compared with those before it. */
const MAX_PAIRS = 100_000;

/** Validates the file's content. Nothing is skipped or warned about: a key that would have no effect is a problem. */
export function checkDocument(yaml: ParsedYaml): {
  document?: GatewayDocument;
  problems: ConfigurationProblem[];
} {
  const parsed = documentSchema.safeParse(yaml.data);
  if (parsed.success) return { document: parsed.data, problems: duplicates(parsed.data, yaml) };
  return { problems: parsed.error.issues.flatMap((issue) => problemsOf(issue, yaml)) };
}

function problemsOf(issue: z.core.$ZodIssue, yaml: ParsedYaml): ConfigurationProblem[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => {
      const line = yaml.lineOfKey(issue.path, key) ?? yaml.lineOf(issue.path);
      return {
        path: formatPath([...issue.path, key]),
        ...(line !== undefined && { line }),
        message: isUpstreamKey(issue.path, key)
          ? notEmulated(`key ${key}`)
          : `unknown key ${key}: Agentgateway refuses it too`,
      };
    });
  }
  const line = yaml.lineOf(issue.path);
  const place = { path: formatPath(issue.path), ...(line !== undefined && { line }) };
  const said = issue.code === "invalid_key" ? (issue.issues[0]?.message ?? issue.message) : issue.message;
  const message = said.replace(/^Invalid (?:input|option): /, "");
  return [{ ...place, message: /received undefined$/.test(message) ? "is required" : message }];
}

/** Two entries that match the same requests: which one wins would be an accident of the implementation. */
function duplicates(document: GatewayDocument, yaml: ParsedYaml): ConfigurationProblem[] {
  const problems: ConfigurationProblem[] = [];
  const refuse = (path: PropertyKey[], message: string) => {
    const line = yaml.lineOf(path);
    problems.push({ path: formatPath(path), ...(line !== undefined && { line }), message });
  };
  const ports = new Set<number>();
  let pairs = 0;
  for (const [b, bind] of document.binds.entries()) {
    if (bind.port !== 0 && ports.has(bind.port))
      refuse(["binds", b, "port"], `port ${bind.port} is bound twice`);
    ports.add(bind.port);
    const hostnames = new Set<string>();
    for (const [l, listener] of bind.listeners.entries()) {
      const at = ["binds", b, "listeners", l];
      const hostname = listener.hostname ?? "*";
      if (hostnames.has(hostname))
        refuse([...at, "hostname"], `another listener of this bind has host name ${hostname}`);
      hostnames.add(hostname);
      const matches = new Map<string, number>();
      for (const [r, route] of listener.routes.entries()) {
        pairs += Math.max(1, route.hostnames.length) * Math.max(1, route.matches.length);
        if (pairs > MAX_PAIRS) {
          refuse([...at, "routes", r], `more than ${MAX_PAIRS} pairs of host names and matches`);
          return problems;
        }
        for (const key of matchKeys(route)) {
          const other = matches.get(key);
          if (other !== undefined && other !== r) {
            const name = listener.routes[other]?.name ?? `route${other}`;
            refuse([...at, "routes", r], `matches the same requests as route ${name}: ${key}`);
          }
          matches.set(key, r);
        }
      }
    }
  }
  return problems;
}

function* matchKeys(route: GatewayDocument["binds"][number]["listeners"][number]["routes"][number]) {
  const matches = route.matches.length === 0 ? [{}] : route.matches;
  for (const hostname of route.hostnames.length === 0 ? ["*"] : route.hostnames) {
    for (const { path, method } of matches as typeof route.matches) {
      const where =
        path?.exact === undefined ? `prefix ${prefixKey(path?.pathPrefix)}` : `exact ${path.exact}`;
      yield `${hostname} ${method ?? "any method"} ${where}`;
    }
  }
}

/** A prefix counts by segments: slashes at its end change nothing. */
function prefixKey(prefix = "/"): string {
  return prefix.replace(/\/+$/, "") || "/";
}
