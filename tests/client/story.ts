// What a client developer writes: types generated from the document, no cast anywhere. A resident files a complaint
// with one photo and tracks it; the brigade accepts it and sends an officer, who checks in, finds and photographs;
// the brigade passes the visit, replies, and the resident reads the reply.

import { readFileSync } from "node:fs";
import createClient, { type Middleware } from "openapi-fetch";
import type { components, paths } from "./api.js";

type Schemas = components["schemas"];

function needed(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

const baseUrl = needed("BASE_URL");
const password = needed("STAFF_PASSWORD");
const picture = new Blob([readFileSync(needed("PHOTO"))], { type: "image/png" });

function client(token?: string) {
  const made = createClient<paths>({ baseUrl });
  if (token !== undefined) {
    const bearer: Middleware = {
      onRequest({ request }) {
        request.headers.set("Authorization", `Bearer ${token}`);
        return request;
      },
    };
    made.use(bearer);
  }
  return made;
}

/** The answer's data, or the problem it was refused with. */
function given<T>(answer: { data?: T; error?: Schemas["ProblemDocument"]; response: Response }): T {
  if (answer.data === undefined) {
    const problem = answer.error;
    throw new Error(`${answer.response.url}: ${problem?.status} ${problem?.code} ${JSON.stringify(problem)}`);
  }
  return answer.data;
}

function equal<T>(found: T, wanted: T, what: string): void {
  if (found !== wanted) throw new Error(`${what}: ${String(found)} instead of ${String(wanted)}`);
}

async function signIn(username: string) {
  const tokens = given(await client().POST("/api/v1/sessions", { body: { username, password } }));
  return client(tokens.access_token);
}

const resident = client();
const district = given(await resident.GET("/api/v1/district"));
const category = district.categories.flatMap((group) => group.categories).find((c) => c.code === "waste.domestic");
if (category === undefined) throw new Error("the district has no such category");

const complaint: Schemas["ComplaintBody"] = {
  category: category.code,
  description: "巷口垃圾堆了一个星期，没有人收",
  location: { lon: 119.3, lat: 26.08, datum: "WGS84", accuracy_m: 12 },
};
const submission: Schemas["SubmissionForm"] = { complaint, photo: [picture] };
const receipt = given(
  await resident.POST("/api/v1/complaints", {
    params: { header: { "Idempotency-Key": crypto.randomUUID() } },
    body: submission,
    bodySerializer: () => {
      const form = new FormData();
      form.append("complaint", new Blob([JSON.stringify(submission.complaint)], { type: "application/json" }));
      for (const photo of submission.photo ?? []) form.append("photo", photo, "photo.png");
      return form;
    },
  }),
);
equal(receipt.photos.length, 1, "photos of the receipt");
equal(receipt.photos[0]?.status, "kept", "the photo");

const code = receipt.tracking_code;
if (code == null) throw new Error("a receipt of a new complaint tells its code");
const path = { code };
const tracked = given(await resident.GET("/api/v1/tracking/{code}", { params: { path } }));
equal(tracked.number, receipt.number, "the tracked complaint");

const brigade = await signIn("brigade");
const number = { path: { number: receipt.number } };
given(await brigade.POST("/api/v1/triage/claims", { body: { number: receipt.number } }));
given(
  await brigade.POST("/api/v1/complaints/{number}/decision", {
    params: number,
    body: { action: "accept", procedure: "enforcement_request" },
  }),
);
const seen = given(await brigade.GET("/api/v1/complaints/{number}", { params: number }));
equal(seen.place?.grid_code, needed("GRID"), "the grid");
const visit = given(
  await brigade.POST("/api/v1/complaints/{number}/verifications", {
    params: number,
    body: { instructions: "看垃圾是否清运" },
  }),
);

const officer = await signIn("officer");
const mine = given(await officer.GET("/api/v1/verifications/mine"));
equal(mine.items[0]?.id, visit.id, "the officer's visit");
const id = { path: { id: visit.id } };
const deviceTime = new Date().toISOString();
given(
  await officer.POST("/api/v1/verifications/{id}/check-in", {
    params: id,
    body: { client_id: crypto.randomUUID(), lon: 119.3, lat: 26.08, datum: "WGS84", accuracy_m: 8, device_time: deviceTime },
  }),
);
given(
  await officer.POST("/api/v1/verifications/{id}/findings", {
    params: id,
    body: { client_id: crypto.randomUUID(), result: "true", notes: "垃圾未清运", device_time: deviceTime },
  }),
);
const near: Schemas["VisitPhotoForm"] = { near: [picture] };
const submitted = given(
  await officer.POST("/api/v1/verifications/{id}/photos", {
    params: id,
    body: near,
    bodySerializer: () => {
      const form = new FormData();
      for (const photo of near.near ?? []) form.append("near", photo, "near.png");
      return form;
    },
  }),
);
equal(submitted.state, "submitted", "the visit after its photo");
const passed = given(
  await brigade.POST("/api/v1/verifications/{id}/review", { params: id, body: { outcome: "pass" } }),
);
equal(passed.state, "passed", "the visit after its review");

const refused = await resident.GET("/api/v1/tracking/{code}", { params: { path: { code: "2222222222222222" } } });
equal(refused.error?.code, "not_found", "a code nobody has");

console.log("the generated client: ok");
