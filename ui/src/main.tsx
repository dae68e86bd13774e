import "./config/zod-without-eval.ts";
import { MantineProvider } from "@mantine/core";
import { type ReactNode, StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { AuthProvider } from "react-oidc-context";
import "./app/mantine-styles.ts";
import "./app/app.css";
import { App } from "./app/app.tsx";
import { StartProblem } from "./app/start-problem.tsx";
import { cssVariables, theme } from "./app/theme.ts";
import { createUserManager } from "./auth/user-manager.ts";
import { loadRuntimeConfig } from "./config/runtime-config.ts";
import { noteConsentReturn } from "./features/consent/consent-storage.ts";

function stripQuery(): void {
  window.history.replaceState({}, "", window.location.pathname);
}

async function page(): Promise<ReactNode> {
  // Before anything renders: both kinds of return (consent, sign-in) put their outcome into the query.
  if (noteConsentReturn(window.location.search, window.sessionStorage)) stripQuery();
  try {
    const config = await loadRuntimeConfig();
    const userManager = createUserManager(config);
    return (
      <AuthProvider userManager={userManager} onSigninCallback={stripQuery}>
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
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
      {await page()}
    </MantineProvider>
  </StrictMode>,
);
