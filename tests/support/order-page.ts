import type { Page } from "playwright-core";
import { unfold } from "./front-page.ts";

/** Orders 40 laptops on the page of the demo. */
export async function orderOnPage(page: Page, model: string): Promise<void> {
  const panel = page.getByTestId("order-panel");
  await unfold(page, "order-panel");
  const catalogue = panel.getByRole("button", { name: "Show the catalogue" });
  if (await catalogue.isVisible()) await catalogue.click();
  await panel.getByLabel("Model").selectOption(model);
  await panel.getByLabel("Quantity").fill("40");
  await panel.getByRole("button", { name: /^Order for/ }).click();
}
