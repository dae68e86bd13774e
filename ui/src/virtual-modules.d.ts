declare module "virtual:saved-run-viewer" {
  /** The page of a saved run, without data. */
  const page: string;
  export default page;
}

declare module "*.txt?raw" {
  const text: string;
  export default text;
}
