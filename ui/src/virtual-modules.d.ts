declare module "virtual:wire-profile" {
  /** Markdown. */
  const text: string;
  export default text;
}
