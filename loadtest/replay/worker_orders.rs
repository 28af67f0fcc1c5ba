//! A worker's calls on orders: reserve, commit and fulfil a sale, and take returns back.

use std::collections::BTreeMap;
use std::sync::Arc;

use saldo_protocol::{
    Channel, Code, Condition, CustomerReference, Line, OrderReference, Problem, Reason,
    ReserveRequest, ReturnLine, ReturnLinesRequest, ReturnWithoutOrderLine,
    ReturnWithoutOrderRequest, Sku,
};
use tokio::time::Instant;
use uuid::Uuid;

use crate::replay::error::ReplayError;
use crate::replay::invoices::Invoice;
use crate::replay::model_orders::OrderReturn;
use crate::replay::queue::Begun;
use crate::replay::stock::{Basket, basket};
use crate::replay::transport::Transport;
use crate::replay::worker::{Worker, cannot_send, quantity};

const CHANNEL: &str = "replay";
const RETURNED_BECAUSE: &str = "returned without a known order";

/// How a sale ended.
enum Sale {
    HandedOver,
    /// Why not, and whether the engine had a right to.
    Refused(Box<Problem>),
    /// After the grant: an order that was promised and not kept.
    Broken(&'static str, Box<Problem>),
}

/// Returned units by the order that they undo, and those without one.
struct Claims {
    orders: BTreeMap<Uuid, Vec<OrderReturn>>,
    without_order: Basket,
}

impl<T: Transport> Worker<T> {
    /// One reservation of all lines, committed and fulfilled.
    pub(crate) async fn sell(&mut self, begun: &Begun) -> Result<(), ReplayError> {
        let invoice = &begun.invoice;
        let asked = basket(&invoice.sales);
        let units: u64 = asked.values().sum();
        let shared = Arc::clone(&self.shared);
        let id = shared.ids.reservation(&invoice.number);
        let before = shared.carry_on.lock().refused_before(&invoice.number);
        if let Some(code) = before {
            shared.model.lock().refused_before(id, &asked);
            self.work.tally.refuse(code.slug(), units);
            return Ok(());
        }
        match self.sale(begun, id, &asked).await? {
            Sale::HandedOver => {
                let customer = invoice.customer.as_deref();
                let mut sold = shared.sold.lock();
                sold.handed_over(begun.place, customer, id, &asked);
                self.work.tally.granted += 1;
                self.work.tally.units_sold += units;
            }
            Sale::Refused(problem) => {
                self.work.tally.refuse(problem.code.slug(), units);
                shared.carry_on.lock().keep(&invoice.number, problem.code)?;
                let mut model = shared.model.lock();
                if may_refuse(problem.code) {
                    model.refused(&invoice.number, id, &asked, &problem);
                } else {
                    model.unexpected(format!("invoice {}: {problem}", invoice.number));
                }
            }
            Sale::Broken(step, problem) => {
                self.work.tally.refuse(problem.code.slug(), units);
                let mut model = shared.model.lock();
                if problem.code == Code::ReservationExpired {
                    model.expired(id, &asked);
                } else {
                    model.unexpected(format!(
                        "invoice {}: granted, but not to be {step}: {problem}",
                        invoice.number
                    ));
                }
            }
        }
        Ok(())
    }

    async fn sale(&mut self, begun: &Begun, id: Uuid, asked: &Basket) -> Result<Sale, ReplayError> {
        let shared = Arc::clone(&self.shared);
        let number = begun.invoice.number.as_str();
        let body = self.reserve_request(id, &begun.invoice)?;
        let key = shared.ids.key("reserve", &[number]);
        let sent = shared.transport.reserve(&body, &key);
        match self.timed("reserve", begun.due, sent).await? {
            Ok(answer) => shared.model.lock().reserved(id, asked, &answer),
            Err(problem) => return Ok(Sale::Refused(problem)),
        }
        let key = shared.ids.key("commit", &[number]);
        let sent = shared.transport.commit(id, &key);
        match self.timed("commit", Instant::now(), sent).await? {
            Ok(answer) => shared.model.lock().committed(id, asked, &answer),
            Err(problem) => return Ok(Sale::Broken("committed", problem)),
        }
        let key = shared.ids.key("fulfil", &[number]);
        let sent = shared.transport.fulfil(id, &key);
        match self.timed("fulfil", Instant::now(), sent).await? {
            Ok(answer) => shared.model.lock().fulfilled(id, asked, &answer),
            Err(problem) => return Ok(Sale::Broken("fulfilled", problem)),
        }
        Ok(Sale::HandedOver)
    }

    /// The lines as the invoice has them, a code on several lines too: the engine's sum counts.
    fn reserve_request(&self, id: Uuid, invoice: &Invoice) -> Result<ReserveRequest, ReplayError> {
        let line = |(code, units): &(String, u32)| {
            Ok(Line {
                sku: sku(code)?,
                location: self.shared.location.clone(),
                quantity: quantity(*units)?,
            })
        };
        let lines = invoice.sales.iter().map(line);
        let mut body = ReserveRequest::new(lines.collect::<Result<_, ReplayError>>()?);
        body.id = Some(id);
        // References help who reads the engine's books; one that is too long for them is left out.
        body.order_reference = OrderReference::new(invoice.number.as_str()).ok();
        body.customer_reference =
            invoice.customer.as_deref().and_then(|customer| CustomerReference::new(customer).ok());
        body.channel = Channel::new(CHANNEL).ok();
        Ok(body)
    }

    /// Returns against the orders that are undone, then what has none.
    pub(crate) async fn take_back(&mut self, begun: &Begun) -> Result<(), ReplayError> {
        let invoice = &begun.invoice;
        let claims = self.claims(begun);
        for (id, back) in &claims.orders {
            self.return_to_order(&invoice.number, *id, back).await?;
        }
        if !claims.without_order.is_empty() {
            self.return_without_order(&invoice.number, &claims.without_order).await?;
        }
        Ok(())
    }

    fn claims(&self, begun: &Begun) -> Claims {
        let mut claims = Claims { orders: BTreeMap::new(), without_order: Basket::new() };
        let mut sold = self.shared.sold.lock();
        let customer = begun.invoice.customer.as_deref();
        for (code, units) in basket(&begun.invoice.returns) {
            let claim = sold.claim(begun.place, customer, &code, units);
            if claim.without_order > 0 {
                claims.without_order.insert(code.clone(), claim.without_order);
            }
            if let Some((id, units, returned_before)) = claim.order {
                claims.orders.entry(id).or_default().push(OrderReturn {
                    code,
                    units,
                    returned_before,
                });
            }
        }
        claims
    }

    async fn return_to_order(
        &mut self,
        invoice: &str,
        id: Uuid,
        back: &[OrderReturn],
    ) -> Result<(), ReplayError> {
        let shared = Arc::clone(&self.shared);
        let mut lines = Vec::with_capacity(back.len());
        for part in back {
            lines.push(ReturnLine {
                sku: sku(&part.code)?,
                location: shared.location.clone(),
                quantity: quantity(units_of_one_message(part.units)?)?,
                to_location: None,
                condition: Condition::Sellable,
            });
        }
        let body = ReturnLinesRequest { lines };
        let key = shared.ids.key("return", &[invoice, &id.to_string()]);
        let sent = shared.transport.return_to_order(id, &body, &key);
        match self.timed("return", Instant::now(), sent).await? {
            Ok(answer) => {
                shared.model.lock().returned_to_order(id, back, &answer);
                let units: u64 = back.iter().map(|part| part.units).sum();
                self.work.tally.units_returned_to_order += units;
            }
            Err(problem) => shared.model.lock().unexpected(format!(
                "invoice {invoice}: these units of reservation {id} were handed over, yet their return was refused: \
                 {problem}"
            )),
        }
        Ok(())
    }

    async fn return_without_order(
        &mut self,
        invoice: &str,
        back: &Basket,
    ) -> Result<(), ReplayError> {
        let shared = Arc::clone(&self.shared);
        let mut lines = Vec::with_capacity(back.len());
        for (code, &units) in back {
            lines.push(ReturnWithoutOrderLine {
                sku: sku(code)?,
                location: shared.location.clone(),
                quantity: quantity(units_of_one_message(units)?)?,
                condition: Condition::Sellable,
            });
        }
        let reason = Reason::new(RETURNED_BECAUSE).map_err(cannot_send)?;
        let body = ReturnWithoutOrderRequest { lines, reason };
        let key = shared.ids.key("return-without-order", &[invoice]);
        let sent = shared.transport.return_without_order(&body, &key);
        match self.timed("return without order", Instant::now(), sent).await? {
            Ok(answer) => {
                let mut model = shared.model.lock();
                model.returned_without_order(back, &answer.value.levels, answer.replayed);
                let units: u64 = back.values().sum();
                self.work.tally.units_returned_without_order += units;
            }
            Err(problem) => shared.model.lock().unexpected(format!(
                "invoice {invoice}: a return without an order is a fact, yet it was refused: {problem}"
            )),
        }
        Ok(())
    }
}

/// Refusals that say something of the stock or the settings, and nothing against the engine.
fn may_refuse(code: Code) -> bool {
    matches!(
        code,
        Code::InsufficientStock | Code::UnknownStock | Code::LimitExceeded | Code::HoldLimit
    )
}

fn sku(code: &str) -> Result<Sku, ReplayError> {
    Sku::new(code).map_err(cannot_send)
}

/// Lines of one code of one invoice whose sum no message can carry do not occur; they are named, not cut.
fn units_of_one_message(units: u64) -> Result<u32, ReplayError> {
    u32::try_from(units).map_err(|_| {
        ReplayError::Usage(format!(
            "an invoice returns {units} units of one code; a message carries at most {}",
            i32::MAX
        ))
    })
}
