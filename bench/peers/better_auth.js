// better-auth's SCIM plugin with its store in memory: node better_auth.js PORT
import { createServer } from "node:http";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { toNodeHandler } from "better-auth/node";
import { scim } from "@better-auth/scim";
import { getAuthTables } from "better-auth/db";

const port = Number(process.argv[2]);
const options = {
    baseURL: `http://127.0.0.1:${port}`,
    secret: "for a benchmark that signs nothing of value",
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    logger: { disabled: true },
    plugins: [
        scim({
            connections: [{ id: "bench", credentials: [{ type: "bearer", id: "bench", token: process.env.PEER_TOKEN }] }],
        }),
    ],
};
const store = Object.fromEntries(Object.values(getAuthTables(options)).map((table) => [table.modelName, []]));
const auth = betterAuth({ ...options, database: memoryAdapter(store) });
createServer(toNodeHandler(auth)).listen(port, "127.0.0.1");
