//! Customers: the list, one with the whole thread, another name.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use super::problem::{self, Problem};
use super::wa_id;
use crate::record::Record;
use crate::view;
use crate::world::World;

/// `GET /sim/customers`: all of them, by phone.
pub(super) async fn list(State(world): State<Arc<World>>) -> Json<Value> {
    let items = world.look(|state| {
        let customers = state.customers.iter();
        customers.map(|(wa_id, customer)| view::customer(&world, state, wa_id, customer)).collect::<Vec<_>>()
    });
    Json(json!({"items": items}))
}

/// `GET /sim/customers/{wa_id}`: the customer and both sides of the thread, ascending.
pub(super) async fn show(State(world): State<Arc<World>>, Path(given): Path<String>) -> Result<Json<Value>, Problem> {
    let wa_id = wa_id(&given)?;
    let view = world.look(|state| {
        let customer = state.customers.get(&wa_id)?;
        let items = customer.entries.iter().map(|entry| view::entry(&world, state, entry)).collect::<Vec<_>>();
        let mut view = view::customer(&world, state, &wa_id, customer);
        view["items"] = items.into();
        Some(Json(view))
    });
    view.ok_or_else(|| Problem::not_found(format!("no customer has the phone {wa_id}")))
}

/// `PUT /sim/customers/{wa_id}` `{name}`: makes a customer, or gives another name.
pub(super) async fn name(
    State(world): State<Arc<World>>,
    Path(given): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let wa_id = wa_id(&given)?;
    let body = problem::object(&body)?;
    problem::only(&body, &["name"])?;
    let name = problem::text(&body, "name")?.to_owned();
    let record = Record::Customer { wa_id: wa_id.clone(), name: name.clone(), at: world.now() };
    world.commit(|_| Ok::<_, Problem>((vec![record], ()))).await?;
    Ok(Json(json!({"waId": wa_id, "name": name})))
}
