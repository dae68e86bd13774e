import { z } from "zod";

const webUrl = z
  .url({ protocol: /^https?$/, error: "must be an http or https URL" })
  .refine((url) => !/[?#]/.test(url), "must not have a query or fragment")
  .transform((url) => url.replace(/\/+$/, ""));

/** Every setting of the page: variable, schema with default, and what it means. */
const settings = {
  UI_PORT: z.coerce.number("must be a number").int().min(0).max(65535).default(3050),
  UI_BACKEND_URL: webUrl.default("http://localhost:8000"),
  UI_AUTH_SERVER_URL: webUrl.default("http://localhost:8080/realms/aauth-test"),
  /** Person server, whose pages the browser goes to by itself. Unset: the auth server alone. */
  UI_PERSON_SERVER_URL: webUrl.optional(),
  UI_CLIENT_ID: z.string().trim().min(1).default("supply-chain-ui"),
  /**
   * Collector that takes the page's spans by OTLP/HTTP and allows its origin. Unset: traces begin
   * at the backend.
   */
  UI_OTLP_URL: webUrl.optional(),
  /**
   * The backend's `AAUTH_PROFILE`: what the demo has in February's profile alone is not shown with
   * `draft-11`. Unset: February's.
   */
  UI_PROFILE: z.enum(["february-2026", "draft-11"]).optional(),
  /** With `draft-11`, the backend's `AAUTH_MODE`: the page names it. */
  UI_MODE: z.enum(["agent-identity", "person-identity", "person-server", "mission", "federated"]).optional(),
  /** With February's profile, the backend's `AAUTH_AUTHORIZATION_SCHEME`: the page names it. */
  UI_AUTHORIZATION_SCHEME: z.enum(["signature-only", "autonomous", "user-delegated"]).optional(),
  /** Launcher of the demo, which starts other modes. Unset: the page shows commands. */
  UI_LAUNCHER_URL: webUrl.optional(),
  /** Why there is no launcher, in a sentence. Unset: the demo's parts are not in one process. */
  UI_NO_LAUNCHER: z.string().max(200).optional(),
};

export interface UiSettings {
  /** TCP port the page is served on. */
  port: number;
  /** Contents of `/config.json`. */
  browser: {
    backendUrl: string;
    authServerUrl: string;
    personServerUrl?: string;
    clientId: string;
    otlpUrl?: string;
    profile?: "february-2026" | "draft-11";
    mode?: string;
    launcherUrl?: string;
    noLauncher?: string;
  };
}

/**
 * Reads the page's settings from an environment. An empty value counts as unset.
 *
 * @throws Error that lists every problem, one a line, each with its variable: a malformed value, or
 * a `UI_` name that is no setting (a misspelt name would otherwise pass unnoticed).
 */
export function readSettings(env: Readonly<Record<string, string | undefined>>): UiSettings {
  const given = Object.fromEntries(
    Object.entries(env).filter(
      ([name, value]) => name.startsWith("UI_") && value !== undefined && value !== "",
    ),
  );
  const parsed = z.strictObject(settings).safeParse(given);
  if (!parsed.success) {
    throw new Error(
      ["The UI's settings cannot be used:", ...parsed.error.issues.flatMap(describe)].join("\n  "),
    );
  }
  const { UI_PORT, UI_BACKEND_URL, UI_AUTH_SERVER_URL, UI_PERSON_SERVER_URL, UI_CLIENT_ID } = parsed.data;
  const { UI_OTLP_URL, UI_PROFILE, UI_MODE, UI_AUTHORIZATION_SCHEME } = parsed.data;
  const { UI_LAUNCHER_URL, UI_NO_LAUNCHER } = parsed.data;
  const mode = UI_PROFILE === "draft-11" ? UI_MODE : UI_AUTHORIZATION_SCHEME;
  return {
    port: UI_PORT,
    browser: {
      backendUrl: UI_BACKEND_URL,
      authServerUrl: UI_AUTH_SERVER_URL,
      ...(UI_PERSON_SERVER_URL !== undefined && { personServerUrl: UI_PERSON_SERVER_URL }),
      clientId: UI_CLIENT_ID,
      ...(UI_OTLP_URL !== undefined && { otlpUrl: UI_OTLP_URL }),
      ...(UI_PROFILE !== undefined && { profile: UI_PROFILE }),
      ...(mode !== undefined && { mode }),
      ...(UI_LAUNCHER_URL !== undefined && { launcherUrl: UI_LAUNCHER_URL }),
      ...(UI_NO_LAUNCHER !== undefined && { noLauncher: UI_NO_LAUNCHER }),
    },
  };
}

function describe(issue: z.core.$ZodIssue): string[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((name) => `${name}: no such setting (known: ${Object.keys(settings).join(", ")})`);
  }
  return [`${issue.path.join(".")}: ${issue.message}`];
}
