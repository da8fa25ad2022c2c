// A script and the test that drives it: one JSON value a line, in and out.
import { createInterface } from "node:readline";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

export const hear = async () => JSON.parse((await lines.next()).value);

export const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

// The callback as a web framework hands it over: an address, or a request with a posted form.
export const asRequest = ({ address, body }) =>
  body === null
    ? new URL(address)
    : new Request(address, {
        method: "POST",
        headers: { "Content-Type": "application/x-www-form-urlencoded" },
        body,
      });
