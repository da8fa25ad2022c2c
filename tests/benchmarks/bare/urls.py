"""A view that does nothing, and the list of customers as REST framework gives it out of the box."""

from django.http import HttpRequest, JsonResponse
from django.urls import path
from rest_framework.generics import ListAPIView
from rest_framework.serializers import CharField, ModelSerializer

from erp_api.models import Customer


class CustomerSerializer(ModelSerializer):
    """What the product's list shows of a customer: the default properties, references by key."""

    credit_limit_currency = CharField(source="enterprise_company.base_currency.currency_sign")

    class Meta:
        model = Customer
        exclude = ["object_version", "external_id", "external_system", "aggregate_last_update_time"]


class CustomerList(ListAPIView):
    """Ten customers with the rows that their amounts need."""

    queryset = Customer.objects.select_related("enterprise_company__base_currency").order_by("pk")[:10]
    serializer_class = CustomerSerializer


def nothing(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


urlpatterns = [path("view", nothing), path("customers", CustomerList.as_view())]
