// The other programs of `hilo dev`. They listen beside the gateway, all ports moved by the same offset, and only on
// this machine; anywhere else there is nothing to link to.

const GATEWAY = 8080;
const SIMULATOR = 8090;
const TEMPORAL_UI = 8233;
const LARGEST_OFFSET = 1745;

export type Places = { phone: string; temporal: string };

/** Where they are, seen from a page at `hostname` and `port`. */
export function placesBeside({ hostname, port }: { hostname: string; port: string }): Places | undefined {
  const loopback = hostname === "localhost" || hostname === "[::1]" || /^127(\.\d+){3}$/.test(hostname);
  const offset = Number(port) - GATEWAY;
  if (!loopback || !Number.isInteger(offset) || offset < 0 || offset > LARGEST_OFFSET) return undefined;
  const at = (standard: number) => `http://127.0.0.1:${standard + offset}/`;
  return { phone: at(SIMULATOR), temporal: at(TEMPORAL_UI) };
}
