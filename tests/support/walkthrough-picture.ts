import { REPOSITORY_ROOT } from "../../scripts/demo/stack.ts";
import { openPage, startBrowser } from "./browser.ts";
import type { TestStack } from "./start-stack.ts";
import { withDemoPorts } from "./walkthrough-run.ts";

const FOLDER = `${REPOSITORY_ROOT}docs/images/`;
const WIDTH_PIXELS = 1280;

/** Takes a picture of a trace on the trace store's own page, with the demo's ports. */
export async function takeTracePicture(
  stack: Pick<TestStack, "urls" | "ports">,
  traceId: string,
  name: string,
): Promise<void> {
  const browser = await startBrowser();
  try {
    const { page, context } = await openPage(browser);
    await page.setViewportSize({ width: WIDTH_PIXELS, height: 200 });
    await page.route("**/api/traces/**", async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: withDemoPorts(await response.text(), stack.ports) });
    });
    await page.goto(`${stack.urls.traces}/trace/${traceId}`);
    await page.getByTestId("waterfall").waitFor();
    await page.screenshot({ fullPage: true, path: `${FOLDER}${name}.png` });
    await context.close();
  } finally {
    await browser.close();
  }
}
