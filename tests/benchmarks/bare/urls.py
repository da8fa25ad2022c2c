"""A view that does nothing, and the list of customers as REST framework gives it out of the box."""

from django.http import HttpRequest, JsonResponse
from django.urls import path
from rest_framework.generics import ListAPIView
from rest_framework.serializers import ModelSerializer

from erp_api.models import Customer


class CustomerSerializer(ModelSerializer):
    """All columns of a customer."""

    class Meta:
        model = Customer
        fields = "__all__"


class CustomerList(ListAPIView):
    """Ten customers with the rows they refer to."""

    queryset = Customer.objects.select_related("party", "enterprise_company", "default_currency").order_by("pk")[:10]
    serializer_class = CustomerSerializer


def nothing(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


urlpatterns = [path("view", nothing), path("customers", CustomerList.as_view())]
