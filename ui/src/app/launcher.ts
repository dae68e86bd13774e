import type { Failure } from "backend-api";
import { LAUNCHER_FIELD, type ModePages } from "topology";
import { z } from "zod";
import type { Store } from "../components/stored.ts";
import type { RuntimeConfig } from "../config/runtime-config.ts";

const SECRET = "launcher_secret";
const FRAGMENT = /^#start=([\w-]{16,64})$/;

const pageSchema = z.object({ name: z.string(), url: z.url({ protocol: /^https?$/ }) });
const pagesSchema = z.object({ own: pageSchema, running: z.array(pageSchema) });
const errorSchema = z.object({ code: z.string(), message: z.string() });

/**
 * Keeps the launcher's secret from the address that the terminal has printed, for this tab.
 *
 * @returns whether the fragment was one
 */
export function noteSecret(fragment: string, store: Store): boolean {
  const [, secret] = FRAGMENT.exec(fragment) ?? [];
  if (secret !== undefined) store.setItem(SECRET, secret);
  return secret !== undefined;
}

/** The address of a mode's page, which may then start modes as this one may. */
export const addressWithSecret = (url: string, store: Store): string =>
  `${url}/#start=${store.getItem(SECRET) ?? ""}`;

export type LauncherAnswer = { readonly pages: ModePages } | { readonly failure: Failure };
export type AskLauncher = (method: "GET" | "POST" | "DELETE", name?: string) => Promise<LauncherAnswer>;

/** Asks the launcher, or says in a sentence why this page cannot. */
export function launcherOf(
  { launcherUrl, noLauncher }: Pick<RuntimeConfig, "launcherUrl" | "noLauncher">,
  store: Store,
): AskLauncher | string {
  if (launcherUrl === undefined)
    return noLauncher ?? "The parts of this demo run in processes or containers of their own.";
  const secret = store.getItem(SECRET);
  if (secret === null) return "Only the address that the terminal has printed starts other modes by a press.";
  return async (method, name) => {
    const path = name === undefined ? "/modes" : `/modes/${name}`;
    const response = await fetch(launcherUrl + path, { method, headers: { [LAUNCHER_FIELD]: secret } }).catch(
      () => undefined,
    );
    const body: unknown = await response?.json().catch(() => undefined);
    const pages = pagesSchema.safeParse(body);
    if (pages.success) return { pages: pages.data };
    const refusal = errorSchema.safeParse(body);
    return {
      failure: refusal.success
        ? refusal.data
        : { code: "unreachable", message: "The demo does not answer.", advice: "See its terminal." },
    };
  };
}
