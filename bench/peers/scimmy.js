// SCIMMY with its express routers and a store in memory: node scimmy.js PORT
import { randomUUID } from "node:crypto";
import express from "express";
import SCIMMY from "scimmy";
import SCIMMYRouters from "scimmy-routers";

const AUTHORIZATION = `Bearer ${process.env.PEER_TOKEN}`;
const people = new Map();
const byUserName = new Map();
const WITH_USER_NAME = /^userName eq "([^"]*)"$/i;

SCIMMY.Resources.declare(SCIMMY.Resources.User, {
    extensions: [{ schema: SCIMMY.Schemas.EnterpriseUser, required: false }],
    ingress: (resource, data) => {
        const id = resource.id ?? randomUUID();
        const key = data.userName.toLowerCase();
        const holder = byUserName.get(key);
        if (holder !== undefined && holder !== id) {
            throw new SCIMMY.Types.Error(409, "uniqueness", "userName is taken");
        }
        const before = people.get(id);
        if (before !== undefined) byUserName.delete(before.userName.toLowerCase());
        const now = new Date().toISOString();
        const person = { ...JSON.parse(JSON.stringify(data)), id, meta: { created: before?.meta.created ?? now, lastModified: now } };
        people.set(id, person);
        byUserName.set(key, id);
        return person;
    },
    egress: (resource) => {
        if (resource.id) {
            const person = people.get(resource.id);
            if (person === undefined) throw new SCIMMY.Types.Error(404, null, "not found");
            return person;
        }
        const filter = resource.filter;
        const name = filter?.expression?.match?.(WITH_USER_NAME);
        if (name) {
            const id = byUserName.get(name[1].toLowerCase());
            return id === undefined ? [] : [people.get(id)];
        }
        if (filter) return filter.match([...people.values()]);
        // SCIMMY converts each person that it is given, so it is given those of the page only, at their places.
        const { startIndex = 1, count = people.size } = resource.constraints ?? {};
        const all = [...people.values()], page = new Array(all.length);
        for (let at = startIndex - 1; at < Math.min(startIndex - 1 + count, all.length); at++) page[at] = all[at];
        return page;
    },
    degress: (resource) => {
        const person = people.get(resource.id);
        if (person === undefined) throw new SCIMMY.Types.Error(404, null, "not found");
        byUserName.delete(person.userName.toLowerCase());
        people.delete(resource.id);
    },
});

const app = express();
app.get("/health", (_, response) => response.send("ok"));
// The routers pass the query's texts on, and SCIMMY ignores a startIndex or count that isn't a number.
app.use("/scim", (request, _, next) => {
    const { startIndex, count } = request.query;
    if (startIndex !== undefined || count !== undefined) {
        const numbers = { ...request.query };
        if (startIndex !== undefined) numbers.startIndex = Number(startIndex);
        if (count !== undefined) numbers.count = Number(count);
        Object.defineProperty(request, "query", { value: numbers });
    }
    next();
});
app.use("/scim", new SCIMMYRouters({
    type: "bearer",
    handler: (request) => {
        if (request.header("Authorization") !== AUTHORIZATION) throw new Error("another token");
        return "";
    },
}));
app.listen(Number(process.argv[2]), "127.0.0.1");
