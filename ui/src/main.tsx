import "./config/zod-without-eval.ts";
import { MantineProvider } from "@mantine/core";
import type { User } from "oidc-client-ts";
import { type ReactNode, StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { AuthProvider } from "react-oidc-context";
import "./components/base.css";
import "./app/mantine-styles.ts";
import "./app/app.css";
import { App } from "./app/app.tsx";
import { noteSecret } from "./app/launcher.ts";
import { StartProblem } from "./app/start-problem.tsx";
import { cssVariables, theme } from "./app/theme.ts";
import { forgetSignOut } from "./auth/signed-out.ts";
import { createUserManager } from "./auth/user-manager.ts";
import { SectionReader } from "./components/section-links.tsx";
import { SectionText } from "./components/section-text.tsx";
import { loadRuntimeConfig } from "./config/runtime-config.ts";
import { noteConsentReturn } from "./features/consent/consent-storage.ts";
import { noteOrderReturn } from "./features/interaction/order-return.ts";

/** Removes the fragment, too. */
function stripQuery(): void {
  window.history.replaceState({}, "", window.location.pathname);
}

/** Removes the query after sign-in, and restores the place on the page. */
function onSignedIn(user: User | undefined): void {
  stripQuery();
  forgetSignOut(window.sessionStorage);
  const { hash } = (user?.state ?? {}) as { hash?: unknown };
  if (typeof hash === "string" && hash.startsWith("#/")) window.history.replaceState({}, "", hash);
}

async function page(): Promise<ReactNode> {
  // Runs before anything renders, because consent, interaction and sign-in all return their outcome
  // in the query.
  const { search, hash } = window.location;
  if (noteSecret(hash, window.sessionStorage)) stripQuery();
  window.addEventListener("hashchange", () => {
    if (noteSecret(window.location.hash, window.sessionStorage)) window.location.replace("/");
  });
  const isReturn =
    noteConsentReturn(search, window.sessionStorage) || noteOrderReturn(search, window.sessionStorage);
  if (isReturn) stripQuery();
  try {
    const config = await loadRuntimeConfig();
    const userManager = createUserManager(config);
    return (
      <AuthProvider userManager={userManager} onSigninCallback={onSignedIn}>
        <App config={config} userManager={userManager} />
      </AuthProvider>
    );
  } catch (error) {
    return <StartProblem problems={error instanceof Error ? error.message : String(error)} />;
  }
}

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      // More specific than Mantine's own variables, which load later (vite/paint-first.ts).
      cssVariablesSelector=":root:root"
      defaultColorScheme="auto"
    >
      <SectionReader value={SectionText}>{await page()}</SectionReader>
    </MantineProvider>
  </StrictMode>,
);
