export interface RequestAnalysis {
  readonly type: "supply_chain_optimization";
  /** The request, as it came. */
  readonly text: string;
  readonly focusArea: "laptop_inventory" | "general_supply_chain";
  readonly asksForInventory: boolean;
  readonly asksForCost: boolean;
  /** The market-analysis agent is to be asked. */
  readonly asksForMarketAnalysis: boolean;
}

/**
 * Reads the request by its words, without case. The words are the demo's and part of its surface.
 */
export function analyzeRequest(text: string): RequestAnalysis {
  const words = text.toLowerCase();
  const mentions = (...terms: string[]) => terms.some((term) => words.includes(term));
  return {
    type: "supply_chain_optimization",
    text,
    focusArea: mentions("laptop", "hardware") ? "laptop_inventory" : "general_supply_chain",
    asksForInventory: mentions("inventory", "stock"),
    asksForCost: mentions("cost", "budget"),
    asksForMarketAnalysis: mentions("perform market analysis"),
  };
}
