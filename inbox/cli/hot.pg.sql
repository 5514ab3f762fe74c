-- The hot commands on a server: one statement, which is the whole transaction. The first two lines
-- hold for it alone, whatever the server's defaults are.

-- name: hot_head :part
SET LOCAL synchronous_commit = on;
SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
SELECT * FROM

-- name: hot_tail :part
:verb, :key, :arguments, :machine, :seen, :tx)

-- name: hot_send :one
{hot_head} this_store.send_v1(
    :sender, :to, :subject, :kind,
    array_position(ARRAY['low', 'normal', 'high'], :priority)::bigint - 1, :thread_id, :minted,
    :run_id, :task_id, :not_before_ms, :max_claims, :expects, :only_new = 1, :summary, :body,
    :payload, :artifacts, :named, {hot_tail};

-- name: hot_reply :one
{hot_head} this_store.reply_v1(
    :sender, :to, :kind, :thread, :token, :reply_to, :summary, :body, :payload, :artifacts, :named,
    {hot_tail};

-- name: hot_claim :one
{hot_head} this_store.claim_v1(:agent, :thread, :pools, :ttl_ms, :most, {hot_tail};

-- name: hot_claim_next :one
{hot_head} this_store.claim_next_v1(:agent, :pools, :ttl_ms, :most, {hot_tail};

-- name: hot_renew :one
{hot_head} this_store.renew_v1(:agent, :thread, :token, :ttl_ms, {hot_tail};

-- name: hot_update :one
{hot_head} this_store.update_v1(
    :agent, :thread, :token, :status, :summary, :body, :payload, :artifacts, {hot_tail};

-- name: hot_finish :one
{hot_head} this_store.finish_v1(
    :agent, :thread, :token, :target, :verdict, :pools, :ttl_ms, :most, :summary, :body, :payload,
    :artifacts, :verb, :key, :by_token, :arguments, :machine, :seen, :tx);

-- name: hot_fetch :one
SELECT * FROM this_store.fetch_v1(:reader, :offers::json, :unread_only = 1, :limit);
