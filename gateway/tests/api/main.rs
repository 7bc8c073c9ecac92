//! The interface for screens and programs: who may, what is answered, what stands in the database afterwards.

mod access;
mod auth;
mod chats;
mod live;
mod support;
