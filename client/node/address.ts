/** What is wrong with `--url`. */
export function addressFault(url = ""): string | undefined {
  if (/^https?:\/\/./.test(url) && URL.canParse(url)) return undefined;
  return `--url is '${url}'; expected an address such as https://events.example.com`;
}

/** The address of `path` where Freshet is served at `url`, which may itself have a path. */
export function below(url: string, path: string): string {
  return `${url.replace(/\/+$/, "")}${path}`;
}
