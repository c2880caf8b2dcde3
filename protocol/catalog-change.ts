/** One of the `changes` that `POST /v1/catalog/changes` takes: either is stored, or deleted. */
export interface CatalogChangeRequest {
  /** The catalog's path. Views are among the metrics. */
  kind: "metrics" | "dashboards" | "alerts";
  name: string;
  put?: object;
  delete?: true;
  /** As the headers If-Match and If-None-Match of a change by itself. */
  ifMatch?: string;
  ifNoneMatch?: string;
}

/** A change that was made. */
export interface CatalogChangeAnswer {
  kind: CatalogChangeRequest["kind"];
  name: string;
  /** As it is stored; absent: it is deleted. */
  put?: object;
  etag?: string;
}

/** The change because of which none was made, in the answer to a refused request. */
export interface RefusedCatalogChange {
  kind: CatalogChangeRequest["kind"];
  name: string;
  index: number;
}
