// An agency's client in JavaScript: Node's own crypto and fetch, and the npm package http-message-signatures.
//
//   node client.js inquire <settings.json>   a token, a signed inquiry, the answer verified; prints the answer
//   node client.js answer <settings.json>    signs an answer as a service would, for others to verify; prints it
'use strict';

const crypto = require('node:crypto');
const fs = require('node:fs');
const { httpbis, createSigner, createVerifier } = require('http-message-signatures');

const FIELDS = ['@method', '@target-uri', 'content-type', 'content-digest', 'authorization'];
const BOUND = ['@status', 'content-digest', '"@method";req', '"@target-uri";req', '"signature";req;key="mynx"'];

const base64url = (data) => Buffer.from(data).toString('base64url');
const digestOf = (body) => `sha-256=:${crypto.createHash('sha256').update(body).digest('base64')}:`;

function keyOf(jwk) {
  const isEd25519 = jwk.kty === 'OKP';
  return {
    key: crypto.createPrivateKey({ key: jwk, format: 'jwk' }),
    signs: isEd25519 ? 'ed25519' : 'ecdsa-p256-sha256',
    jose: isEd25519 ? 'EdDSA' : 'ES256',
  };
}

function assertion({ client_id, token_endpoint, private_jwk }) {
  const { key, jose } = keyOf(private_jwk);
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: client_id, sub: client_id, aud: token_endpoint, jti: crypto.randomUUID(), iat: now, exp: now + 50 };
  const text = `${base64url(JSON.stringify({ alg: jose, typ: 'JWT' }))}.${base64url(JSON.stringify(claims))}`;
  const hash = jose === 'EdDSA' ? null : 'sha256';
  return `${text}.${base64url(crypto.sign(hash, Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }))}`;
}

async function getToken(settings) {
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion(settings),
  });
  const answer = await fetch(settings.token_endpoint, { method: 'POST', body: form });
  if (answer.status !== 200) throw new Error(`no token: ${await answer.text()}`);
  return (await answer.json()).access_token;
}

async function sign(settings, request) {
  const { key, signs } = keyOf(settings.private_jwk);
  const created = new Date();
  return httpbis.signMessage({
    key: createSigner(key, signs, settings.client_id),
    name: 'mynx',
    fields: FIELDS,
    params: ['created', 'expires', 'nonce', 'keyid', 'alg', 'tag'],
    paramValues: { created, expires: new Date(created.getTime() + 60000), nonce: crypto.randomUUID(), tag: 'mynx-1' },
  }, request);
}

async function verify(settings, answer, request) {
  const url = settings.token_endpoint.replace('/api/oauth/token', '/api/keys');
  const { keys } = await (await fetch(url)).json();
  const covered = answer.headers['signature-input'].slice('mynx=('.length).split(')')[0];
  if (covered !== BOUND.map((name) => (name.startsWith('"') ? name : `"${name}"`)).join(' ')) {
    throw new Error(`the answer is bound to ${covered}`);
  }
  const verified = await httpbis.verifyMessage({
    keyLookup: async ({ keyid }) => {
      const jwk = keys.find(({ kid }) => kid === keyid);
      const key = crypto.createPublicKey({ key: jwk, format: 'jwk' });
      return { id: keyid, algs: ['ed25519'], verify: createVerifier(key, 'ed25519') };
    },
  }, answer, request);
  return verified === true && answer.headers['content-digest'] === digestOf(answer.body);
}

async function inquire(settings) {
  const body = JSON.stringify(settings.inquiry);
  const url = settings.token_endpoint.replace('/api/oauth/token', '/api/v1/inquiries');
  const headers = {
    'content-type': 'application/json',
    'content-digest': digestOf(body),
    authorization: `Bearer ${await getToken(settings)}`,
  };
  const request = await sign(settings, { method: 'POST', url, headers });
  const response = await fetch(url, { method: 'POST', headers: request.headers, body });
  const answer = { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() };
  // The request as the header fields went out: lower case, as fetch sends them.
  const asked = { method: 'POST', url, headers: Object.fromEntries(Object.entries(request.headers).map(([n, v]) => [n.toLowerCase(), v])) };
  const other = { ...asked, headers: { ...asked.headers, signature: `mynx=:${Buffer.alloc(64).toString('base64')}:` } };
  return {
    status: answer.status,
    content: JSON.parse(answer.body),
    isVerified: await verify(settings, answer, asked),
    isVerifiedForAnother: await verify(settings, answer, other),
    isVerifiedWithAnotherBody: await verify(settings, { ...answer, body: `${answer.body} ` }, asked),
  };
}

async function answer(settings) {
  const { key, signs } = keyOf(settings.private_jwk);
  const body = JSON.stringify({ outcome: '0004' });
  const headers = { 'content-type': 'application/json', 'content-digest': digestOf(body) };
  const signed = await httpbis.signMessage({
    key: createSigner(key, signs, 'peer'),
    name: 'mynx',
    fields: BOUND,
    params: ['created', 'keyid', 'alg', 'tag'],
    paramValues: { tag: 'mynx-1' },
  }, { status: 200, headers }, settings.request);
  return { status: 200, headers: signed.headers, body };
}

const [command, file] = process.argv.slice(2);
const settings = JSON.parse(fs.readFileSync(file, 'utf8'));
({ inquire, answer })[command](settings).then((result) => console.log(JSON.stringify(result)), (error) => {
  console.error(error);
  process.exit(1);
});
