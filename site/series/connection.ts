// The page's live connection is the client library's.
export {
  type ConnectionEnvironment,
  type ConnectionSocket,
  type ConnectionState,
  LiveConnection as Connection,
  type SeriesHandler,
  type SeriesRequest,
  type SocketEvents,
} from "../../client/live/connection.ts";
