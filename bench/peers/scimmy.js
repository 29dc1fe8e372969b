// SCIMMY with its express routers and a store in memory: node scimmy.js PORT
import { randomUUID } from "node:crypto";
import express from "express";
import SCIMMY from "scimmy";
import SCIMMYRouters from "scimmy-routers";

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
        return filter ? filter.match([...people.values()]) : [...people.values()];
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
app.use("/scim", new SCIMMYRouters({
    type: "bearer",
    handler: (request) => {
        if (!request.header("Authorization")?.startsWith("Bearer ")) throw new Error("no token");
        return "";
    },
}));
app.listen(Number(process.argv[2]), "127.0.0.1");
