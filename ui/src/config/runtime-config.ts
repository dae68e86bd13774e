import { z } from "zod";

const runtimeConfigSchema = z.object({
  backendUrl: z.url({ protocol: /^https?$/ }),
  authServerUrl: z.url({ protocol: /^https?$/ }),
  /** Person server of draft -11, where users decide. */
  personServerUrl: z.url({ protocol: /^https?$/ }).optional(),
  clientId: z.string().min(1),
  /** Collector for the first span of each run. Default: this page creates no spans. */
  otlpUrl: z.url({ protocol: /^https?$/ }).optional(),
  /** The backend's wire profile. Default: February's. */
  profile: z.enum(["february-2026", "draft-11"]).optional(),
  /** Mode of draft -11, or February's authorization scheme. Default: unknown. */
  mode: z.string().min(1).optional(),
  /** Starts other modes, if this page has its secret. Default: they are started by a command. */
  launcherUrl: z.url({ protocol: /^https?$/ }).optional(),
  /** Why there is no launcher, in a sentence. */
  noLauncher: z.string().optional(),
});

/** URLs of this page's backend and auth server, without trailing slashes. */
export type RuntimeConfig = z.infer<typeof runtimeConfigSchema>;

/** URL of the person server's page of grants. Undefined if no person server is used. */
export function grantsPageUrl({ profile, mode, personServerUrl }: RuntimeConfig): string | undefined {
  const hasGrants = profile === "draft-11" && mode !== "agent-identity" && personServerUrl !== undefined;
  return hasGrants ? `${personServerUrl}/granted` : undefined;
}

/**
 * Fetches and checks `/config.json`.
 *
 * @throws Error whose message lists every problem, one per line.
 */
export async function loadRuntimeConfig(fetchConfig: typeof fetch = fetch): Promise<RuntimeConfig> {
  const response = await fetchConfig("/config.json");
  if (!response.ok) throw new Error(`/config.json answered with status ${response.status}`);
  const parsed = runtimeConfigSchema.safeParse(await response.json().catch(() => undefined));
  if (parsed.success) return parsed.data;
  throw new Error(
    parsed.error.issues
      .map((issue) => `${issue.path.join(".") || "/config.json"}: ${issue.message}`)
      .join("\n"),
  );
}
